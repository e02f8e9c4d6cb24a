import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { discover } from "../../src/kube/discovery.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { ResourceTable } from "../../src/kube/resource-table.ts";
import { apiVersionOf, pathOf } from "../../src/kube/resource-type.ts";
import { environment } from "../support/environment.ts";
import { openKube } from "../support/kube.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";

const skip = SKIP_WITHOUT_CLUSTER;

test("discover() finds what kubectl finds, in either form of the answer", { skip }, async (t) => {
  const cluster = await environment(t).cluster();
  const api = await openKube(t, cluster.kubeconfig);
  const table = await discover(api, t.signal);
  const lines = table.resources
    .filter(({ isPreferred }) => isPreferred)
    .map(
      (one) =>
        `${one.plural} ${apiVersionOf(one)} ${one.kind} ${one.isNamespaced} ${one.shortNames.join(",")} ${one.verbs.toSorted().join(",")}`,
    );
  // NAME, SHORTNAMES or nothing, APIVERSION, NAMESPACED, KIND, VERBS
  const shown = (await cluster.kubectl("api-resources", "--no-headers", "--output=wide", "--sort-by=name")).trimEnd().split("\n");
  const expected = shown.map((line) => {
    const cells = line.split(/\s+/);
    const flag = cells.findIndex((cell) => cell === "true" || cell === "false");
    const shortNames = flag === 3 ? cells[1] : "";
    return `${cells[0]} ${cells[flag - 1]} ${cells[flag + 1]} ${cells[flag]} ${shortNames} ${cells[flag + 2]?.split(",").toSorted().join(",")}`;
  });
  assert.deepEqual(lines.toSorted(), expected.toSorted());
  assert.deepEqual(table.staleGroups, []);
  assert.deepEqual(table.find("deploy").subresources.get("scale"), ["get", "patch", "update"]);
  const sorted = ({ resources }: ResourceTable): unknown => resources.toSorted((a, b) => (pathOf(a, {}) < pathOf(b, {}) ? -1 : 1));
  assert.deepEqual(sorted(await discover(plainly(api), t.signal)), sorted(table));
});

test("discover() names a group whose server does not answer, and gives the others", { skip }, async (t) => {
  const cluster = await environment(t).cluster();
  const group = `${cluster.namespace}.example.com`;
  const service = { name: "nobody", namespace: cluster.namespace };
  const spec = { group, version: "v1", service, insecureSkipTLSVerify: true, groupPriorityMinimum: 10, versionPriority: 10 };
  const metadata = { name: `v1.${group}` };
  await cluster.apply({ apiVersion: "apiregistration.k8s.io/v1", kind: "APIService", metadata, spec });
  t.after(() => cluster.kubectl("delete", "apiservice", metadata.name));
  await cluster.waitFor(`apiservice/${metadata.name}`, "condition=Available=False");
  const api = await openKube(t, cluster.kubeconfig);
  for (const client of [api, plainly(api)]) {
    let table = new ResourceTable([]);
    // The server learns of its groups in the background.
    while (!table.staleGroups.includes(`${group}/v1`)) {
      await systemClock.sleep(200, t.signal);
      table = await discover(client, t.signal);
    }
    assert.equal(table.find("pods").kind, "Pod");
  }
});

/** The client as a server without aggregated discovery would answer it. */
function plainly(api: KubeApi): KubeApi {
  return new Proxy(api, {
    get: (target, name): unknown =>
      name === "request"
        ? async (request: Parameters<KubeApi["request"]>[0]) => target.request({ ...request, accept: "application/json" })
        : Reflect.get(target, name, target),
  });
}
