/** A small operator: each of its resources owns a file outside of the cluster, which it makes, and removes when the resource goes. */
import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { type JsonObject, listIn, objectIn, textIn } from "../../src/kube/json.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { patchObject } from "../../src/kube/objects.ts";
import { watch } from "../../src/kube/watch.ts";
import type { TestCluster } from "./test-cluster.ts";

export interface FileOperator {
  readonly group: string;
  readonly file: (name: string, path: string) => JsonObject;
}

const FIELD_MANAGER = "file-operator";

/** Runs until the test ends. */
export async function startFileOperator(t: TestContext, cluster: TestCluster, api: KubeApi): Promise<FileOperator> {
  const group = `files-${randomBytes(4).toString("hex")}.example.com`;
  const finalizer = `${group}/file`;
  const schema = { type: "object", properties: { spec: { type: "object", properties: { path: { type: "string" } } } } };
  await cluster.apply({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `files.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: "files", singular: "file", kind: "File" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  });
  t.after(() => cluster.kubectl("delete", "crd", `files.${group}`, "--ignore-not-found", "--wait=false"));
  await cluster.waitFor(`crd/files.${group}`, "condition=Established");

  const resource = { group, version: "v1", plural: "files", kind: "File" };
  const stop = new AbortController();
  const reconcile = async (object: JsonObject): Promise<void> => {
    const metadata = objectIn(object, "metadata");
    const place = { namespace: textIn(metadata, "namespace"), name: textIn(metadata, "name") ?? "" };
    const path = textIn(objectIn(object, "spec"), "path") ?? "";
    const isOurs = listIn(metadata, "finalizers").includes(finalizer);
    const finalizers = (names: readonly string[]): Promise<JsonObject> =>
      patchObject(api, resource, place, { type: "merge", changes: { metadata: { finalizers: names } } }, { fieldManager: FIELD_MANAGER });
    if (metadata["deletionTimestamp"] === undefined) {
      await writeFile(path, `${place.namespace ?? ""}/${place.name}`, { flag: "a" });
      if (!isOurs) await finalizers([finalizer]);
    } else if (isOurs) {
      await rm(path, { force: true });
      await finalizers([]);
    }
  };
  const running = (async () => {
    for await (const event of watch(api, resource, { signal: stop.signal })) {
      if (event.type === "added" || event.type === "modified") await reconcile(event.object).catch(() => undefined); // another event comes
    }
  })().catch(() => undefined); // the test ended it
  t.after(async () => {
    stop.abort();
    await running;
  });
  return { group, file: (name, path) => ({ apiVersion: `${group}/v1`, kind: "File", metadata: { name }, spec: { path } }) };
}
