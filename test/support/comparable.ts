/** Objects before and after a restore, without the fields that docs/restore.md says are another's to set. */
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../src/kube/json.ts";
import { discover } from "../../src/kube/discovery.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { listPages } from "../../src/kube/list.ts";
import { idOfObject, shortId } from "../../src/kube/object-id.ts";
import { onlyIfThere } from "../../src/recover/plan/live-objects.ts";
import { prepare } from "../../src/recover/prepare/prepare.ts";
import { targetOf } from "../../src/recover/prepare/target.ts";

const METADATA = ["uid", "resourceVersion", "generation", "creationTimestamp", "namespace"];
/** Of the binding of a claim to its volume, and of what controllers note for themselves. */
const ANNOTATIONS =
  /^(pv|volume(\.beta)?)\.kubernetes\.io\/|^deployment\.kubernetes\.io\/revision$|^deprecated\.daemonset|^batch\.kubernetes\.io\//;
const SPEC: Readonly<Record<string, readonly string[]>> = {
  PersistentVolumeClaim: ["volumeName", "dataSource", "dataSourceRef"],
  Pod: ["nodeName"],
  Job: ["selector"],
  Service: ["clusterIP", "clusterIPs", "healthCheckNodePort"],
};
const NAMES_OF_JOBS = /controller-uid|job-name/;
const TOKEN = /^kube-api-access-/;

/** By kind and name: all of a namespace that a restore brings. */
export async function comparableObjects(api: KubeApi, namespace: string): Promise<ReadonlyMap<string, JsonObject>> {
  const table = await discover(api);
  const target = targetOf({ isSameCluster: true });
  const found = new Map<string, JsonObject>();
  for (const resource of table.resources) {
    if (!resource.isNamespaced || !resource.isPreferred || !["create", "list"].every((verb) => resource.verbs.includes(verb))) continue;
    // Another test may have taken its definition away meanwhile.
    const pages = await Array.fromAsync(listPages(api, resource, { namespace })).catch(onlyIfThere);
    for (const object of (pages ?? []).flatMap(({ items }) => items)) {
      const { name } = idOfObject(object);
      if (prepare({ resource, namespace, name, object }, target).kind === "object") {
        found.set(shortId(idOfObject(object)), comparable(object, namespace));
      }
    }
  }
  return found;
}

function comparable(object: JsonObject, namespace: string): JsonObject {
  const kind = textIn(object, "kind") ?? "";
  const metadata = objectIn(object, "metadata");
  const { status: _status, ...rest } = object;
  const kept = {
    ...rest,
    metadata: {
      ...without(metadata, METADATA),
      annotations: Object.fromEntries(Object.entries(objectIn(metadata, "annotations")).filter(([name]) => !ANNOTATIONS.test(name))),
      managedFields: listIn(metadata, "managedFields")
        .filter((entry) => textIn(entry, "subresource") === undefined)
        .map(ownership)
        .toSorted(),
      ownerReferences: listIn(metadata, "ownerReferences").map((owner) => without(owner, ["uid"])),
    },
    ...(isJsonObject(object["spec"]) ? { spec: without(object["spec"], SPEC[kind] ?? []) } : {}),
  };
  return JSON.parse(JSON.stringify(kept).replaceAll(namespace, "NAMESPACE"), dropped) as JsonObject;
}

/** Ports that nobody chose, tokens of pods, and the marks by which a Job knows its pods. */
function dropped(name: string, value: unknown): unknown {
  if (name === "nodePort" || NAMES_OF_JOBS.test(name)) return undefined;
  return Array.isArray(value) ? value.filter((item: JsonValue) => !TOKEN.test(textIn(item, "name") ?? "")) : value;
}

/** Without its time, and without fields that are not compared. */
function ownership(entry: JsonValue): string {
  const fields = JSON.stringify(objectIn(entry, "fieldsV1"), (name, value: unknown) => (/nodePort|uid/.test(name) ? undefined : value));
  return [textIn(entry, "manager"), textIn(entry, "operation"), textIn(entry, "apiVersion"), fields].join(" ");
}

function without(value: JsonValue, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(isJsonObject(value) ? value : {}).filter(([name]) => !names.includes(name)));
}
