import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { claim, IDLE, pod } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { assertNothingLeft, type BackedUp, consistencies, volumeHandles, volumeWorld } from "../support/volume-backups.ts";

const skip = SKIP_WITHOUT_CLUSTER;

test("a claim that comes while the volumes are cut makes the capture begin again, once", { skip }, async (t) => {
  const world = await volumeWorld(t);
  const { cluster, cli } = world;
  const image = await cluster.image("shell");
  await cluster.apply(claim("one"));
  const slow = {
    ...pod("web", { image, command: IDLE, mounts: { "/one": "one" } }),
    metadata: {
      name: "web",
      annotations: {
        "holdfast.dev/freeze-command": JSON.stringify(["sh", "-c", "touch /tmp/frozen; sleep 3"]),
        "holdfast.dev/thaw-command": JSON.stringify(["true"]),
      },
    },
  };
  await cluster.apply(slow);
  await cluster.waitFor("pod/web", "condition=Ready");
  const running = cli.run("backup", cluster.namespace, "-o", "json");
  await cluster.exec("web", "sh", "-c", "until [ -e /tmp/frozen ]; do sleep 0.1; done");
  await cluster.apply(claim("two"));
  await cluster.waitFor("pvc/two", "jsonpath={.status.phase}=Bound");
  const result = await running;
  assert.equal(result.exitCode, 0, result.stderr);
  const done = result.json() as BackedUp;
  assert.deepEqual(consistencies(done), { one: "application", two: "group" });
  assert.deepEqual(
    done.findings.map(({ code }) => code),
    ["capture_restarted"],
  );
  await assertNothingLeft(world, await volumeHandles(cluster));
});

test("a group has the volumes of the application and no other of the namespace", { skip }, async (t) => {
  const world = await volumeWorld(t);
  const { cluster, cli } = world;
  const labels = { app: "shop" };
  await cluster.apply(claim("a", { labels }), claim("b", { labels }), claim("foreign"), claim("other", { class: "plain", labels }));
  for (const name of ["a", "b", "foreign"]) await cluster.waitFor(`pvc/${name}`, "jsonpath={.status.phase}=Bound");
  const units = join(cli.folder, "units.yaml");
  const unit = `${cluster.namespace}-shop`;
  await writeFile(units, JSON.stringify({ applications: [{ name: unit, namespaces: [cluster.namespace], selector: "app=shop" }] }));
  const result = await cli.run("backup", unit, "--units", units, "-o", "json");
  assert.equal(result.exitCode, 0, result.stderr);
  const done = result.json() as BackedUp;
  assert.deepEqual(consistencies(done), { a: "group", b: "group", other: "skip" });
  assert.equal(await cluster.kubectl("get", "persistentvolumeclaims", "--selector=holdfast.dev/group", "--output=name"), "");
  await assertNothingLeft(world, await volumeHandles(cluster));
});
