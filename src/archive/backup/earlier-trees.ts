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

/** A run that ended, as far as the next one has to know it. */
export interface EarlierRun {
  readonly tree: HexId;
  /** When it was begun. */
  readonly startNs: bigint;
}

/** The time that a snapshot bears may be another that someone chose. */
export function earlierRun({ snapshot: { tree, summary, time } }: StoredSnapshot): EarlierRun {
  return { tree, startNs: (summary?.backupStart ?? time).epochNs };
}

/** The newest first. What runs from before the parent have stored, that one has too. */
export function earlierTrees(parent: EarlierRun | undefined, records: readonly ResumeRecord[]): readonly EarlierTree[] {
  const newer = records
    .toSorted((a, b) => b.startMs - a.startMs)
    .map(({ tree, startMs }) => ({ tree, startNs: BigInt(startMs) * NS_PER_MS }))
    .filter(({ startNs }) => startNs > (parent?.startNs ?? 0n));
  const all = parent === undefined ? newer : [...newer, parent];
  return all.map(({ tree, startNs }) => ({ id: tree, unsureFromNs: startNs - UNSURE_NS }));
}
