import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test, type TestContext } from "node:test";
import { DomainError } from "../../src/base/errors.ts";
import { type JsonObject, objectIn, textIn } from "../../src/kube/json.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { createObject } from "../../src/kube/objects.ts";
import { watch } from "../../src/kube/watch.ts";
import { FIELD_MANAGER, openKube, PODS } from "../support/kube.ts";
import { succeeded } from "../support/location.ts";
import { claim, IDLE, pod } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { listing, restoredVolumes, volumeWorld } from "../support/volume-world.ts";

const CLAIMS = { group: "", version: "v1", plural: "persistentvolumeclaims" };

function definition(group: string): object {
  const schema = { type: "object", properties: { spec: { type: "object", properties: { storageClass: { type: "string" } } } } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `databases.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: "databases", singular: "database", kind: "Database" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

interface Made {
  readonly namespace: string;
  readonly claim: string;
}

/** As hasty as any: the moment that it sees a database it makes the claim and the pod that it should have, unless they are there. */
function startOperator(
  t: TestContext,
  api: KubeApi,
  { group, image }: { readonly group: string; readonly image: string },
): readonly Made[] {
  const made: Made[] = [];
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, t.signal]);
  const resource = { group, version: "v1", plural: "databases", kind: "Database" };
  const make = async (path: typeof CLAIMS | typeof PODS, object: JsonObject, namespace: string): Promise<boolean> => {
    try {
      await createObject(api, path, object, { namespace, fieldManager: FIELD_MANAGER, signal });
      return true;
    } catch (error) {
      if (error instanceof DomainError && (error.code === "kube_exists" || error.kind === "forbidden")) return false;
      throw error;
    }
  };
  const run = async (): Promise<void> => {
    for await (const event of watch(api, resource, { signal })) {
      if (event.type !== "added" && event.type !== "modified") continue;
      const metadata = objectIn(event.object, "metadata");
      const [namespace = "", name = "", uid = ""] = ["namespace", "name", "uid"].map((field) => textIn(metadata, field));
      if (metadata["deletionTimestamp"] !== undefined) continue;
      const storageClass = textIn(objectIn(event.object, "spec"), "storageClass") ?? "";
      const wanted = claim(`data-${name}`, { class: storageClass, size: "64Mi" }) as JsonObject;
      if (await make(CLAIMS, wanted, namespace)) made.push({ namespace, claim: `data-${name}` });
      const plain = pod(name, { image, command: IDLE, mounts: { "/data": `data-${name}` } }) as JsonObject;
      const owner = { apiVersion: `${group}/v1`, kind: "Database", name, uid, controller: true };
      await make(PODS, { ...plain, metadata: { name, ownerReferences: [owner] } }, namespace);
    }
  };
  const running = run().catch((error: unknown) => {
    // Its client may be closed before it is told to stop.
    const isOver = signal.aborted || (error instanceof DomainError && error.kind === "cancelled");
    if (!isOver) throw error;
  });
  t.after(async () => {
    stop.abort();
    await running;
  });
  return made;
}

test(
  "an operator that makes claims and pods at once gets the restored volumes, not empty ones",
  { skip: SKIP_WITHOUT_CLUSTER, timeout: 480_000 },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, cli, namespace, sh } = world;
    const group = `${randomBytes(4).toString("hex")}.example.com`;
    await cluster.apply(definition(group));
    t.after(() => cluster.kubectl("delete", "crd", `databases.${group}`, "--wait=false", "--ignore-not-found"));
    await cluster.waitFor(`crd/databases.${group}`, "condition=Established");
    const api = await openKube(t, cluster.kubeconfig);
    const made = startOperator(t, api, { group, image: world.shell });
    const database = (name: string, storageClass: string): object => ({
      apiVersion: `${group}/v1`,
      kind: "Database",
      metadata: { name },
      spec: { storageClass },
    });
    await cluster.apply(database("early", "btrfs"), database("late", "btrfs-wait"));
    const names = ["early", "late"];
    for (const name of names) await cluster.kubectl("wait", "--for=create", `pod/${name}`, "--timeout=30s");
    await Promise.all(names.map((name) => cluster.waitFor(`pod/${name}`, "condition=Ready")));
    assert.equal(made.length, 2);
    await Promise.all(names.map((name) => sh(namespace, name, `dd if=/dev/urandom of=/data/file bs=1M count=3 2>/dev/null; sync`)));
    const seen = async (place: string): Promise<readonly string[]> => Promise.all(names.map((name) => sh(place, name, listing("/data"))));
    const before = await seen(namespace);
    succeeded(await cli.run("backup", namespace));

    const copy = world.other("copy");
    const result = await restoredVolumes(world, namespace, "--to-namespace", copy);
    assert.deepEqual([result.failed, result.notFilled, result.notReady], [0, 0, 0], JSON.stringify(result.findings));
    await Promise.all(
      names.map((name) => cluster.kubectl("wait", `pod/${name}`, `--namespace=${copy}`, "--for=condition=Ready", "--timeout=60s")),
    );
    assert.deepEqual(await seen(copy), before);
    assert.equal(made.length, 2, "the operator found its claims there");
  },
);
