/** Whoever would start pods again in the middle of a swap is paused, or named and refused. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { isJsonObject, type JsonObject, objectIn } from "../../src/kube/json.ts";
import { getObject, patchObject } from "../../src/kube/objects.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { serving, type SwapWorld, swapWorld } from "../support/swap-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const SETS = { group: "apps", version: "v1", plural: "statefulsets" };
const APPLICATIONS = { group: "argoproj.io", version: "v1alpha1", plural: "applications" };

/** As tools do that hold a workload to what is on record. */
function healer(t: TestContext, { api, namespace }: SwapWorld, isActive: () => Promise<boolean>): void {
  const stop = new AbortController();
  const work = async (): Promise<void> => {
    while (true) {
      await systemClock.sleep(40, stop.signal);
      const set = await getObject(api, SETS, { namespace, name: "db" });
      if (objectIn(set, "spec")["replicas"] !== 0 || !(await isActive())) continue;
      const patch = { type: "merge", changes: { spec: { replicas: 1 } } } as const;
      await patchObject(api, SETS, { namespace, name: "db" }, patch, { fieldManager: "healer" });
    }
  };
  const working = work().catch(() => undefined);
  t.after(async () => {
    stop.abort();
    await working;
  });
}

async function define(t: TestContext, { cluster }: SwapWorld, group: string, version: string, kind: string): Promise<void> {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  t.after(() => cluster.kubectl("delete", "crd", `${plural}.${group}`, "--ignore-not-found", "--wait=false"));
  await cluster.apply({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  });
  await cluster.waitFor(`crd/${plural}.${group}`, "condition=Established");
}

test("a stranger that starts pods again ends the swap before anything is exchanged", { skip }, async (t) => {
  const world = await swapWorld(t);
  await serving(world);
  const before = await world.volumeOf("data-db-0");
  const filled = await world.fill("restored");
  healer(t, world, async () => true);
  await assert.rejects(world.swap(["data-db-0"], [filled]), (error: Error & { readonly code?: string }) => {
    assert.equal(error.code, "swap_scaled_back");
    assert.match(error.message, /StatefulSet "db" in namespace ".+": "healer" started it again; the old volumes serve again$/);
    return true;
  });
  assert.equal(await world.content(), "old");
  assert.equal(await world.volumeOf("data-db-0"), before);
  assert.equal(await world.cluster.field(`pv/${before}`, ".spec.persistentVolumeReclaimPolicy"), "Delete");
});

test("an Argo CD Application, a Kustomization and a ScaledObject are paused for the time, and as before then", { skip }, async (t) => {
  const world = await swapWorld(t);
  const { cluster, api, namespace } = world;
  await define(t, world, "argoproj.io", "v1alpha1", "Application");
  await define(t, world, "kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
  await define(t, world, "keda.sh", "v1alpha1", "ScaledObject");
  await serving(world);
  const automated = { prune: true, selfHeal: true };
  const resource = { group: "apps", version: "v1", kind: "StatefulSet", namespace, name: "db" };
  await cluster.apply(
    {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      metadata: { name: "shop" },
      spec: { syncPolicy: { automated, retry: { limit: 2 } } },
      status: { resources: [resource] },
    },
    { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization", metadata: { name: "apps" }, spec: { prune: true } },
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata: { name: "db" },
      spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" } },
    },
  );
  const flux = "kustomize.toolkit.fluxcd.io";
  await cluster.kubectl("label", "statefulset/db", `${flux}/name=apps`, `${flux}/namespace=${namespace}`);
  const seen = new Set<string>();
  healer(t, world, async () => {
    const application = await getObject(api, APPLICATIONS, { namespace, name: "shop" });
    const isActive = isJsonObject(objectIn(objectIn(application, "spec"), "syncPolicy")["automated"]);
    seen.add(await cluster.field("kustomization/apps", ".spec.suspend"));
    seen.add(await cluster.field("scaledobject/db", ".metadata.annotations"));
    return isActive;
  });
  const filled = await world.fill("restored");
  const { report } = await world.swap(["data-db-0"], [filled]);
  assert.equal(await world.content(), "restored");
  assert.deepEqual(report.paused.toSorted(), ['Application "shop"', 'Kustomization "apps"', 'ScaledObject "db"']);
  assert.deepEqual([...seen].toSorted(), ["true", '{"autoscaling.keda.sh/paused":"true"}']);
  const spec = JSON.parse(await cluster.field("application/shop", ".spec")) as JsonObject;
  assert.deepEqual(spec, { syncPolicy: { automated, retry: { limit: 2 } } });
  assert.equal(await cluster.field("kustomization/apps", ".spec"), '{"prune":true}');
  assert.equal(await cluster.field("scaledobject/db", ".metadata.annotations"), "");
});

test("an operator that owns the workload is named, and a person has to say that it is paused", { skip }, async (t) => {
  const world = await swapWorld(t);
  const { cluster } = world;
  const group = `${world.namespace}.example.com`;
  await define(t, world, group, "v1", "Database");
  await serving(world);
  await cluster.apply({ apiVersion: `${group}/v1`, kind: "Database", metadata: { name: "main" } });
  const uid = await cluster.field(`databases.${group}/main`, ".metadata.uid");
  const owner = { apiVersion: `${group}/v1`, kind: "Database", name: "main", uid, controller: true, blockOwnerDeletion: false };
  await cluster.kubectl("patch", "statefulset/db", "--type=merge", "-p", JSON.stringify({ metadata: { ownerReferences: [owner] } }));
  const filled = await world.fill("restored");
  await assert.rejects(world.swap(["data-db-0"], [filled]), (error: Error & { readonly code?: string }) => {
    assert.equal(error.code, "swap_owners");
    assert.match(
      error.message,
      /Database "main" in namespace ".+", which looks after StatefulSet "db": Holdfast does not know how to pause it/,
    );
    return true;
  });
  assert.equal(await world.content(), "old");
  await world.swap(["data-db-0"], [filled], { ownersPaused: true });
  assert.equal(await world.content(), "restored");
  assert.equal(await cluster.field("statefulset/db", ".metadata.ownerReferences[0].name"), "main");
});
