import assert from "node:assert/strict";
import { test } from "node:test";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { devCluster, ownClusterName } from "../support/own-cluster.ts";
import { TestCluster } from "../support/test-cluster.ts";

const CONTROL_PLANE_MS = 8_000;

for (const [version, release] of [
  ["1.36", "v1.36.3"],
  ["1.33", "v1.33.13"],
] as const) {
  test(`a control plane of Kubernetes ${version} keeps objects without any node`, { skip: SKIP_WITHOUT_CLUSTER }, async (t) => {
    const name = ownClusterName(t);
    const args = ["--name", name, "--control-plane-only", "--version", version];
    await devCluster("up", args, t.signal); // builds what is not in the cache
    await devCluster("down", ["--name", name], t.signal);
    const started = performance.now();
    const up = await devCluster("up", args, t.signal);
    const startMs = performance.now() - started;
    assert.equal(up.exitCode, 0, up.stderr);

    const cluster = await TestCluster.open(name, t.signal);
    const { serverVersion } = JSON.parse(await cluster.kubectl("version", "--output=json")) as { serverVersion: { gitVersion: string } };
    assert.equal(serverVersion.gitVersion, release);
    await cluster.apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept" }, data: { key: "value" } });
    assert.equal(await cluster.field("configmap/kept", ".data.key"), "value");
    assert.equal(await cluster.kubectl("get", "nodes", "--output=name"), "");
    assert.ok(startMs < CONTROL_PLANE_MS, `a warm start took ${startMs} ms`);
  });
}
