import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { comparableObjects } from "../support/comparable.ts";
import { everyKind, widgetDefinition } from "../support/every-kind.ts";
import { succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { restored, restoreWorld } from "../support/restore-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;

test(
  "a namespace with an object of every kind is as before after it was deleted and restored, and ready; and so is a copy of it",
  { skip },
  async (t) => {
    const world = await restoreWorld(t, everyKind);
    const { cluster, api, cli, namespace, destroy } = world;
    const group = `${randomBytes(4).toString("hex")}.example.com`;
    await cluster.apply(widgetDefinition(group));
    t.after(() => cluster.kubectl("delete", "crd", `widgets.${group}`, "--wait=false", "--ignore-not-found"));
    await cluster.waitFor(`crd/widgets.${group}`, "condition=Established");
    const spec = { size: 3, unknown: { to: ["anybody"] } };
    await cluster.apply({ apiVersion: `${group}/v1`, kind: "Widget", metadata: { name: "widget" }, spec });
    await Promise.all(["deployment/web", "statefulset/db", "daemonset/agent"].map((name) => cluster.kubectl("rollout", "status", name)));
    await cluster.waitFor("pod/bare", "condition=Ready");
    const before = await comparableObjects(api, namespace);
    succeeded(await cli.run("backup", namespace));

    const copy = world.other("copy");
    const copied = await restored(world, namespace, "--to-namespace", copy);
    assert.deepEqual([copied.failed, copied.notReady], [0, 0], JSON.stringify(copied.findings));
    assert.deepEqual(await comparableObjects(api, copy), before);

    await destroy();
    await cluster.kubectl("delete", "crd", `widgets.${group}`);
    const result = await restored(world, namespace);
    assert.deepEqual([result.failed, result.notReady], [0, 0], JSON.stringify(result.findings));
    assert.deepEqual(await comparableObjects(api, namespace), before);
    const diff = await cli.run("point", "diff", namespace, "live", "--exit-code");
    assert.equal(diff.stdout, "Nothing differs\n", diff.stderr);
    const again = await restored(world, namespace);
    assert.deepEqual([again.created, again.updated, again.replaced], [0, 0, 0]);
  },
);
