/** Why a mover does not start, in words that say what to do. Kubernetes tells it in events of the pod and of its Job. */
import { DomainError } from "../../base/errors.ts";
import { wordsOf } from "../../kube/failures.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { parseTimestamp } from "../../repository/format/timestamp.ts";
import type { PodTrouble } from "./pod-state.ts";

const EVENTS = { group: "", version: "v1", plural: "events", kind: "Event" } as const;

interface Remedy {
  readonly matches: (trouble: PodTrouble) => boolean;
  readonly hint: string;
  /** Waiting does not help. */
  readonly isFinal: boolean;
}

const inMessage =
  (pattern: RegExp) =>
  ({ message }: PodTrouble): boolean =>
    pattern.test(message);
const withReason =
  (...reasons: readonly string[]) =>
  ({ reason }: PodTrouble): boolean =>
    reasons.includes(reason);

const REMEDIES: readonly Remedy[] = [
  {
    matches: inMessage(/violates PodSecurity/),
    hint: 'Label Holdfast\'s namespace with "pod-security.kubernetes.io/enforce=baseline", or "privileged" for a location in a folder',
    isFinal: true,
  },
  {
    matches: inMessage(/hostPath type check failed/),
    hint: "Use a bucket, or a folder that is mounted at the same path on all nodes",
    isFinal: true,
  },
  {
    matches: withReason("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"),
    hint: "Name an image that the nodes can pull with --mover-image or HOLDFAST_IMAGE",
    isFinal: false,
  },
  { matches: inMessage(/exceeded quota/), hint: "Raise the quota of Holdfast's namespace, or take it away", isFinal: false },
  {
    matches: withReason("Unschedulable"),
    hint: "Give a node room for it, or see which nodes its volume can be mounted on",
    isFinal: false,
  },
  {
    matches: withReason("FailedMount", "FailedAttachVolume", "FailedMapVolume"),
    hint: "See whether the storage driver runs on the node, and whether the volume is in use on another one",
    isFinal: false,
  },
  {
    matches: withReason("FailedCreate"),
    hint: "Let the Job controller make pods in Holdfast's namespace: a webhook or policy refuses them",
    isFinal: false,
  },
];

/** Events that say how it goes, and not what is wrong. */
const TROUBLES: ReadonlySet<string> = new Set([
  "FailedAttachVolume",
  "FailedCreate",
  "FailedCreatePodSandBox",
  "FailedMapVolume",
  "FailedMount",
  "FailedScheduling",
  "ProvisioningFailed",
]);

/** The newest trouble that events tell of one of these objects. Who may not see events does not learn it. */
export async function troubleInEvents(
  api: KubeApi,
  namespace: string,
  uids: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<PodTrouble | undefined> {
  let newest: { readonly trouble: PodTrouble; readonly timeMs: number } | undefined;
  try {
    for await (const { items } of listPages(api, EVENTS, { namespace, fieldSelector: "type=Warning", signal })) {
      for (const event of items) {
        const [trouble, timeMs] = [troubleOf(event), timeOf(event)];
        if (trouble === undefined || !uids.has(textIn(objectIn(event, "involvedObject"), "uid") ?? "")) continue;
        if (newest === undefined || timeMs >= newest.timeMs) newest = { trouble, timeMs };
      }
    }
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind !== "forbidden") throw error;
  }
  return newest?.trouble;
}

export function isFinal(trouble: PodTrouble | undefined): boolean {
  return trouble !== undefined && REMEDIES.some((remedy) => remedy.isFinal && remedy.matches(trouble));
}

export function notStarted(volume: string, trouble: PodTrouble | undefined): DomainError {
  const why = trouble === undefined ? "Kubernetes does not say why" : `${trouble.reason}: ${wordsOf(trouble.message)}`;
  const remedy = trouble && REMEDIES.find(({ matches }) => matches(trouble));
  return new DomainError("unavailable", "mover_not_started", `Cannot start the mover of "${volume}": ${why}`, {
    details: trouble === undefined ? {} : { reason: trouble.reason },
    hint: remedy?.hint ?? "See the Job and its pod in Holdfast's namespace while they are there",
  });
}

function troubleOf(event: JsonObject): PodTrouble | undefined {
  const reason = textIn(event, "reason") ?? "";
  return TROUBLES.has(reason) ? { reason, message: textIn(event, "message") ?? "" } : undefined;
}

function timeOf(event: JsonObject): number {
  const time = textIn(objectIn(event, "series"), "lastObservedTime") ?? textIn(event, "lastTimestamp") ?? textIn(event, "eventTime") ?? "";
  return parseTimestamp(time)?.epochMs ?? 0;
}
