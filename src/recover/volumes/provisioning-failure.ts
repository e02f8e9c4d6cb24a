/** Why the storage makes no volume for a claim, in the words of its last event. */
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";

const EVENTS = { group: "", version: "v1", plural: "events", kind: "Event" } as const;
const MAX_WORDS = 500;

export function notProvisioned(
  claim: { readonly namespace: string; readonly name: string },
  words = "its storage says nothing",
): DomainError {
  const message = `Cannot make a volume for claim "${claim.name}" in namespace "${claim.namespace}": ${words}`;
  return new DomainError("unavailable", "volume_not_provisioned", message, {
    hint: "Look at the storage class and its driver, then restore again",
  });
}

/** Without the right to see events there is nothing to tell. */
export async function lastWarning(
  api: KubeApi,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const fieldSelector = `involvedObject.name=${name},involvedObject.kind=PersistentVolumeClaim`;
  try {
    const found: JsonObject[] = [];
    for await (const { items } of listPages(api, EVENTS, { namespace, fieldSelector, signal })) found.push(...items);
    const timeOf = (event: JsonObject): string => textIn(event, "lastTimestamp") ?? textIn(event, "eventTime") ?? "";
    const sorted = found.toSorted((left, right) => timeOf(left).localeCompare(timeOf(right)));
    const event = sorted.findLast((one) => textIn(one, "type") === "Warning");
    return event === undefined ? undefined : textIn(event, "message")?.slice(0, MAX_WORDS);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DomainError)) throw error;
    return undefined;
  }
}
