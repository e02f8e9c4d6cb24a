/** An object without what servers and controllers write by themselves: the rest is what somebody wished. */
import { isJsonObject, type JsonObject, type JsonValue } from "../../kube/json.ts";

const METADATA: ReadonlySet<string> = new Set([
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
]);

/** Counted by controllers. */
const ANNOTATIONS: ReadonlySet<string> = new Set(["deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"]);

export function withoutNoise(object: JsonObject): JsonObject {
  const { status: _status, metadata, ...rest } = object;
  return isJsonObject(metadata)
    ? { ...rest, metadata: quietMetadata(metadata) }
    : { ...rest, ...(metadata === undefined ? {} : { metadata }) };
}

function quietMetadata(metadata: JsonObject): JsonObject {
  const kept = Object.entries(metadata).filter(([name]) => !METADATA.has(name));
  return Object.fromEntries(
    kept.map(([name, value]) => {
      if (name === "ownerReferences") return [name, withoutUids(value)];
      return [name, name === "annotations" && isJsonObject(value) ? withoutCounts(value) : value];
    }),
  );
}

function withoutCounts(annotations: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => !ANNOTATIONS.has(name)));
}

/** An owner that was made anew under its name is the same for whoever reads. */
function withoutUids(owners: JsonValue): JsonValue {
  if (!Array.isArray(owners)) return owners;
  return (owners as readonly JsonValue[]).map((owner) => {
    if (!isJsonObject(owner)) return owner;
    const { uid: _uid, ...rest } = owner;
    return rest;
  });
}
