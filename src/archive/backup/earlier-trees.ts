/** Which trees of earlier runs a backup compares with. */
import type { HexId } from "../../base/ids.ts";
import type { ResumeRecord } from "../../repository/resume-records.ts";
import type { StoredSnapshot } from "../../repository/snapshots.ts";

/** The tree that an earlier run made of a folder. */
export interface EarlierTree {
  readonly id: HexId;
  /** What changed at or after this moment was perhaps still changing when the run read it. */
  readonly unsureFromNs: bigint;
}

/** A file that changed so shortly before a backup may have changed again with the same times. */
const UNSURE_NS = 2_000_000_000n;
const NS_PER_MS = 1_000_000n;

/** The newest first. What runs from before the parent have stored, that one has too. */
export function earlierTrees(parent: StoredSnapshot | undefined, records: readonly ResumeRecord[]): readonly EarlierTree[] {
  const parentNs = beganNs(parent);
  const newer = records
    .toSorted((a, b) => b.startMs - a.startMs)
    .map(({ tree, startMs }) => ({ id: tree, startNs: BigInt(startMs) * NS_PER_MS }))
    .filter(({ startNs }) => startNs > parentNs);
  const all = parent === undefined ? newer : [...newer, { id: parent.snapshot.tree, startNs: parentNs }];
  return all.map(({ id, startNs }) => ({ id, unsureFromNs: startNs - UNSURE_NS }));
}

/** When it was begun: the time that a snapshot bears may be another that someone chose. */
function beganNs(parent: StoredSnapshot | undefined): bigint {
  return (parent?.snapshot.summary?.backupStart ?? parent?.snapshot.time)?.epochNs ?? 0n;
}
