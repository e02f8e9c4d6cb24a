/** What snapshots and their contents say of themselves. */
import { DomainError } from "../../base/errors.ts";
import { isLongInteger, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";

/** One volume of a snapshot, as the storage has cut it. */
export interface Cut {
  /** As the storage calls the snapshot. */
  readonly handle: string;
  readonly timeMs: number;
  /** undefined: the storage does not say. */
  readonly restoreBytes: number | undefined;
}

export function nameIn(object: JsonObject): string {
  return textIn(objectIn(object, "metadata"), "name") ?? "";
}

export function uidIn(object: JsonObject): string {
  return textIn(objectIn(object, "metadata"), "uid") ?? "";
}

/** The content that a snapshot is bound to, or a group snapshot. */
export function boundContentOf(snapshot: JsonObject): string | undefined {
  const status = objectIn(snapshot, "status");
  return textIn(status, "boundVolumeSnapshotContentName") ?? textIn(status, "boundVolumeGroupSnapshotContentName");
}

export function isReady(snapshot: JsonObject): boolean {
  return objectIn(snapshot, "status")["readyToUse"] === true;
}

/** undefined: it is not cut yet. */
export function cutOf(content: JsonObject): Cut | undefined {
  return cutIn(objectIn(content, "status"));
}

/** Of the content of a group: by the storage's name of each volume. undefined: they are not cut yet. */
export function groupCutsOf(content: JsonObject): ReadonlyMap<string, Cut> | undefined {
  const status = objectIn(content, "status");
  const wholeMs = milliseconds(status["creationTime"]);
  if (groupHandleOf(content) === undefined || wholeMs === undefined) return undefined;
  const infos = listIn(status, "volumeSnapshotInfoList");
  // Before v1beta2 the members had no times of their own.
  const members = infos.length > 0 ? infos : listIn(status, "volumeSnapshotHandlePairList");
  const cuts = new Map<string, Cut>();
  for (const member of members) {
    const [volume, handle] = [textIn(member, "volumeHandle"), textIn(member, "snapshotHandle")];
    if (volume !== undefined && handle !== undefined)
      cuts.set(volume, cutIn(member, handle, wholeMs) ?? { handle, timeMs: wholeMs, restoreBytes: undefined });
  }
  return cuts;
}

export function groupHandleOf(content: JsonObject): string | undefined {
  return textIn(objectIn(content, "status"), "volumeGroupSnapshotHandle");
}

function cutIn(status: JsonValue, handle: string | undefined = textIn(status, "snapshotHandle"), wholeMs?: number): Cut | undefined {
  const fields = objectIn({ status }, "status");
  const timeMs = milliseconds(fields["creationTime"]) ?? wholeMs;
  const bytes = fields["restoreSize"];
  if (handle === undefined || handle === "" || timeMs === undefined) return undefined;
  return { handle, timeMs, restoreBytes: typeof bytes === "number" && bytes > 0 ? bytes : undefined };
}

/** Contents have nanoseconds, which a number cannot hold; those of groups have texts since v1. */
function milliseconds(time: JsonValue | undefined): number | undefined {
  if (time === undefined) return undefined;
  if (typeof time === "string") {
    const { epochMilliseconds } = Temporal.Instant.from(time);
    return epochMilliseconds;
  }
  if (typeof time !== "number" && !isLongInteger(time)) return undefined;
  return Number(BigInt(JSON.stringify(time)) / 1_000_000n);
}

/** Controllers write these down, too, and try again at once. */
const PASSING = /the object has been modified|snapshot controller failed to update|is missing$/;

/** @throws {DomainError} unavailable/snapshot_failed: what the driver says */
export function throwIfFailed(snapshot: JsonObject, what: string): void {
  const message = textIn(objectIn(objectIn(snapshot, "status"), "error"), "message");
  if (message === undefined || PASSING.test(message)) return;
  throw new DomainError("unavailable", "snapshot_failed", `Cannot take a snapshot of ${what}: ${oneLine(message)}`, {
    hint: isOutOfSpace(message)
      ? "The storage is out of space: make room there, or remove snapshots"
      : "See the logs of the storage driver",
  });
}

export function isOutOfSpace(message: string): boolean {
  return /ResourceExhausted|no space|out of space|insufficient (?:capacity|space)|quota exceeded/i.test(message);
}

const MAX_QUOTED = 500;

export function oneLine(message: string): string {
  return message.replaceAll(/[\p{Cc}\s]+/gu, " ").slice(0, MAX_QUOTED);
}
