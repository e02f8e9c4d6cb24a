/** Whether what was restored works, as its status says. Pure. */
import { type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { ObjectId } from "../../kube/object-id.ts";
import { isBuiltIn } from "../prepare/waves.ts";

/** What is missing, in a few words; undefined: nothing, it is ready. */
export type Readiness = (object: JsonObject) => string | undefined;

const READINESS: Readonly<Record<string, Readiness>> = {
  "apps Deployment": (object) => replicas(object, "updatedReplicas", "availableReplicas"),
  "apps StatefulSet": (object) => replicas(object, "updatedReplicas", "readyReplicas"),
  "apps ReplicaSet": (object) => replicas(object, "replicas", "readyReplicas"),
  " ReplicationController": (object) => replicas(object, "replicas", "readyReplicas"),
  "apps DaemonSet": (object) => {
    const status = objectIn(object, "status");
    return counted(object, countIn(status, "desiredNumberScheduled"), ["updatedNumberScheduled", "numberReady"]);
  },
  "batch Job": (object) => {
    if (objectIn(object, "spec")["suspend"] === true || condition(object, "Complete") === "True") return undefined;
    if (condition(object, "Failed") === "True") return "it failed";
    return countIn(objectIn(object, "status"), "ready") > 0 ? undefined : "no pod of it runs";
  },
  " Pod": (object) => {
    const phase = textIn(objectIn(object, "status"), "phase") ?? "Pending";
    if (phase === "Succeeded" || condition(object, "Ready") === "True") return undefined;
    return phase === "Running" ? "it runs, and is not ready" : `it is ${phase.toLowerCase()}`;
  },
  " PersistentVolumeClaim": (object) =>
    textIn(objectIn(object, "status"), "phase") === "Bound" ? undefined : "it is not bound to a volume",
};

/** undefined: there is nothing to wait for. */
export function readinessOf({ group, kind }: Pick<ObjectId, "group" | "kind">): Readiness | undefined {
  return READINESS[`${group} ${kind}`] ?? (isBuiltIn(group) ? undefined : customReadiness);
}

/** A custom resource that says nothing of readiness is ready once it is there. */
function customReadiness(object: JsonObject): string | undefined {
  const ready = condition(object, "Ready");
  if (ready === undefined || ready === "True") return undefined;
  return `its condition "Ready" is "${ready}"`;
}

function replicas(object: JsonObject, ...fields: readonly string[]): string | undefined {
  const wanted = objectIn(object, "spec")["replicas"];
  return counted(object, typeof wanted === "number" ? wanted : 1, fields);
}

function counted(object: JsonObject, wanted: number, fields: readonly string[]): string | undefined {
  const status = objectIn(object, "status");
  if (countIn(status, "observedGeneration") < countIn(objectIn(object, "metadata"), "generation")) return "its controller has not seen it";
  const ready = Math.min(...fields.map((name) => countIn(status, name)));
  return ready >= wanted ? undefined : `${ready} of ${wanted} ready`;
}

function countIn(object: JsonObject, name: string): number {
  const value = object[name];
  return typeof value === "number" ? value : 0;
}

function condition(object: JsonObject, type: string): string | undefined {
  const isOfType = (item: JsonValue): boolean => textIn(item, "type") === type;
  const found = listIn(objectIn(object, "status"), "conditions").find(isOfType);
  return found === undefined ? undefined : textIn(found, "status");
}
