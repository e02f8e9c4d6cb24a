/** Whether a workload does what it was asked for, by its own word. */
import { type JsonObject, type JsonValue, isJsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import { idOfObject } from "../../kube/object-id.ts";

export interface Readiness {
  readonly isReady: boolean;
  /** For people: `2/3`, `done`, `suspended`. */
  readonly text: string;
}

/** undefined: it is no workload of Kubernetes. */
export function readinessOf(object: JsonObject): Readiness | undefined {
  const { group, kind } = idOfObject(object);
  const [spec, status] = [objectIn(object, "spec"), objectIn(object, "status")];
  switch (`${group} ${kind}`) {
    case "apps Deployment":
    case "apps ReplicaSet":
    case "apps StatefulSet":
    case " ReplicationController":
      return counted(numberIn(status, "readyReplicas") ?? 0, numberIn(spec, "replicas") ?? 1);
    case "apps DaemonSet":
      return counted(numberIn(status, "numberReady") ?? 0, numberIn(status, "desiredNumberScheduled") ?? 0);
    case "batch CronJob":
      return { isReady: true, text: spec["suspend"] === true ? "suspended" : "scheduled" };
    case "batch Job":
      return jobReadiness(spec, status);
    case " Pod":
      return podReadiness(status);
    default:
      return undefined;
  }
}

function counted(ready: number, wanted: number): Readiness {
  return { isReady: ready >= wanted, text: `${ready}/${wanted}` };
}

function jobReadiness(spec: JsonObject, status: JsonObject): Readiness {
  if (isTrue(status, "Failed")) return { isReady: false, text: "failed" };
  if (isTrue(status, "Complete")) return { isReady: true, text: "done" };
  return { isReady: true, text: spec["suspend"] === true ? "suspended" : "runs" };
}

function podReadiness(status: JsonObject): Readiness {
  const phase = textIn(status, "phase") ?? "";
  if (phase === "Succeeded") return { isReady: true, text: "done" };
  return { isReady: isTrue(status, "Ready"), text: phase.toLowerCase() };
}

function isTrue(status: JsonObject, type: string): boolean {
  return listIn(status, "conditions").some((condition) => textIn(condition, "type") === type && textIn(condition, "status") === "True");
}

function numberIn(value: JsonValue, name: string): number | undefined {
  const inner = isJsonObject(value) ? value[name] : undefined;
  return typeof inner === "number" ? inner : undefined;
}
