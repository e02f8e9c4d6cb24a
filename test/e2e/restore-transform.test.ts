import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { configMap } from "../support/kube.ts";
import { succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { restored, restoreWorld } from "../support/restore-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;

function transforms(kind: string, changes: object): string {
  const entry = { name: "mine", select: { kinds: [kind] }, do: [{ mergePatch: changes }] };
  return JSON.stringify({
    apiVersion: "holdfast.dev/v1alpha1",
    kind: "TransformSet",
    metadata: { name: "t" },
    spec: { transforms: [entry] },
  });
}

test(
  "transforms change what is restored; one that is for nothing or makes something invalid stops the restore before it begins",
  { skip },
  async (t) => {
    const world = await restoreWorld(t, async () => [configMap("a", { k: "1" })]);
    const { cluster, cli, namespace } = world;
    succeeded(await cli.run("backup", namespace));
    const copy = world.other("copy");
    const file = join(cli.folder, "transforms.yaml");
    const refused = async (text: string, pattern: RegExp): Promise<void> => {
      await writeFile(file, text);
      const result = await cli.run("restore", namespace, "--to-namespace", copy, "--transform", file);
      assert.equal(result.exitCode, 2, result.stderr);
      assert.match(result.stderr, pattern);
      await assert.rejects(cluster.kubectl("get", "namespace", copy));
    };
    await refused(transforms("Deployment", { spec: { replicas: 1 } }), /"mine" matches none of the objects/);
    await refused(
      transforms("ConfigMap", { data: { "no key": "1" } }),
      /Cannot restore ConfigMap "a" in namespace ".*-copy": transform "mine" makes it invalid: .*data\[no key\]: Invalid value/,
    );
    await writeFile(file, transforms("ConfigMap", { data: { k: "2" } }));
    const plan = succeeded(await cli.run("restore", namespace, "--to-namespace", copy, "--transform", file, "--dry-run"));
    assert.match(plan.stdout, /ConfigMap\/a +checked\n {11}transformed: mine\n/);
    await restored(world, namespace, "--to-namespace", copy, "--transform", file);
    assert.equal(await cluster.kubectl("get", "configmap/a", `--namespace=${copy}`, "--output=jsonpath={.data.k}"), "2");
  },
);
