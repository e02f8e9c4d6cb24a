/** What the status of a mover's pod says. */
import { DomainError } from "../../base/errors.ts";
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import { parseAnswer } from "../answer.ts";
import type { MoverSuccess } from "../work.ts";
import { CONTAINER } from "./manifests.ts";

export type PodState =
  /** `reason`: what keeps it from starting, as far as the pod says it. */
  | { readonly kind: "waiting"; readonly reason: PodTrouble | undefined }
  | { readonly kind: "running" }
  | { readonly kind: "answered"; readonly answer: MoverSuccess | DomainError }
  /** It ended without an answer, or was told to end: another one may do better. */
  | { readonly kind: "lost"; readonly why: string };

/** No more comes of it. */
export type EndedPod = Extract<PodState, { readonly kind: "answered" | "lost" }>;

export interface PodTrouble {
  /** As Kubernetes calls it: `Unschedulable`, `ErrImagePull`. */
  readonly reason: string;
  readonly message: string;
}

export function podState(pod: JsonObject): PodState {
  const status = objectIn(pod, "status");
  const container = listIn(status, "containerStatuses")
    .filter(isJsonObject)
    .find((one) => textIn(one, "name") === CONTAINER);
  const state = objectIn(container, "state");
  const terminated = state["terminated"];
  if (isJsonObject(terminated)) return endOf(terminated);
  const phase = textIn(status, "phase");
  if (phase === "Failed" || phase === "Succeeded") return { kind: "lost", why: endedBecause(status) };
  if (isJsonObject(state["running"])) return { kind: "running" };
  return { kind: "waiting", reason: troubleOf(status, objectIn(state, "waiting")) };
}

function endOf(terminated: JsonObject): PodState {
  const answer = parseAnswer(textIn(terminated, "message") ?? "");
  if (answer instanceof DomainError && answer.kind === "cancelled") return { kind: "lost", why: "it was told to end" };
  if (answer !== undefined) return { kind: "answered", answer };
  const reason = textIn(terminated, "reason") ?? "";
  const code = terminated["exitCode"];
  const why =
    reason === "OOMKilled"
      ? "it had too little memory"
      : `it ended without an answer (${reason}, exit code ${typeof code === "number" ? code : "unknown"})`;
  return { kind: "lost", why };
}

/** Evicted, preempted, or on a node that is gone. */
function endedBecause(status: JsonObject): string {
  const [reason, message] = [textIn(status, "reason"), textIn(status, "message")];
  const disruption = conditionOf(status, "DisruptionTarget");
  const parts = [reason ?? textIn(disruption, "reason"), message ?? textIn(disruption, "message")].filter((part) => part !== undefined);
  return parts.length === 0 ? "its pod ended" : `its pod ended: ${parts.join(": ")}`;
}

function troubleOf(status: JsonObject, waiting: JsonObject): PodTrouble | undefined {
  const reason = textIn(waiting, "reason");
  if (reason !== undefined && reason !== "ContainerCreating" && reason !== "PodInitializing") {
    return { reason, message: textIn(waiting, "message") ?? "" };
  }
  const scheduled = conditionOf(status, "PodScheduled");
  if (textIn(scheduled, "status") !== "False") return undefined;
  return { reason: textIn(scheduled, "reason") ?? "Unschedulable", message: textIn(scheduled, "message") ?? "" };
}

function conditionOf(status: JsonObject, type: string): JsonObject {
  return (
    listIn(status, "conditions")
      .filter(isJsonObject)
      .find((condition) => textIn(condition, "type") === type) ?? {}
  );
}
