/** Stops what waits for a volume that the storage has no room for: Kubernetes would try for ever. */
import { DomainError } from "../../base/errors.ts";
import { objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { watch } from "../../kube/watch.ts";
import { isOutOfSpace, oneLine } from "./snapshot-status.ts";

const EVENTS = { group: "", version: "v1", plural: "events", kind: "Event" } as const;

export interface WatchedClaim {
  readonly namespace: string;
  readonly name: string;
  /** Whose data it is to hold, for messages. */
  readonly volume: string;
}

/** Ends with the signal, or throws. @throws {DomainError} unavailable/storage_full */
export async function watchStorage(api: KubeApi, { namespace, name, volume }: WatchedClaim, signal: AbortSignal): Promise<never> {
  const fieldSelector = `involvedObject.kind=PersistentVolumeClaim,involvedObject.name=${name}`;
  for await (const event of watch(api, EVENTS, { namespace, fieldSelector, signal })) {
    if (event.type !== "added" && event.type !== "modified") continue;
    const { object } = event;
    const message = textIn(object, "message") ?? "";
    const isOfClaim = textIn(objectIn(object, "involvedObject"), "name") === name;
    if (!isOfClaim || textIn(object, "type") !== "Warning" || !isOutOfSpace(message)) continue;
    throw new DomainError(
      "unavailable",
      "storage_full",
      `Cannot capture volume "${volume}": the storage has no room for a copy of its snapshot: ${oneLine(message)}`,
      {
        hint: "Make room on the storage, or copy fewer volumes at a time with --movers",
      },
    );
  }
  throw signal.reason;
}
