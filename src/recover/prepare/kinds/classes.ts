/** Classes, which all of a cluster shares: another cluster's default stays what it is. */
import { type JsonObject, objectIn, textIn } from "../../../kube/json.ts";
import type { Care } from "../care.ts";
import { at, changeIn, withoutEntries } from "../edit.ts";
import { leftOut } from "../prepared.ts";

const DEFAULT_MARKS: ReadonlySet<string> = new Set([
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
  "ingressclass.kubernetes.io/is-default-class",
  "snapshot.storage.kubernetes.io/is-default-class",
]);

function withoutDefault(object: JsonObject): JsonObject {
  return withoutEntries(object, at("metadata.annotations"), (name) => DEFAULT_MARKS.has(name));
}

/** Ingress classes and classes of snapshots. */
export const sharedClass: Care = {
  clean: (object, _captured, target) => (target.isSameCluster ? object : withoutDefault(object)),
};

export const storageClass: Care = {
  ...sharedClass,
  leaveOut({ name }, target) {
    const other = target.name({ group: "storage.k8s.io", kind: "StorageClass", namespace: undefined, name });
    return other === name ? undefined : leftOut("replaced", `storage class "${other}" takes its place`);
  },
};

export const priorityClass: Care = {
  leaveOut: ({ name }) => (name.startsWith("system-") ? leftOut("cluster_made", "every API server makes it when it starts") : undefined),
  clean: (object, _captured, target) => (target.isSameCluster ? object : changeIn(object, ["globalDefault"], () => undefined)),
};

/** Flow schemas and levels of priority that API servers keep up to date by themselves. */
export const flowControl: Care = {
  leaveOut: ({ object }) =>
    textIn(objectIn(objectIn(object, "metadata"), "annotations"), "apf.kubernetes.io/autoupdate-spec") === "true"
      ? leftOut("cluster_made", "every API server makes it when it starts")
      : undefined,
};
