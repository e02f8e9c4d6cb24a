/**
 * Copies snapshots from one repository into another without the files they were made of. What is there already is not copied again; what
 * was compressed stays as it is. A snapshot is written when all it needs is stored and indexed: killed before, a copy goes on where it was.
 */
import type { Clock } from "../../base/clock.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { VerifyWrites } from "../blob-packer.ts";
import { chunkerFields } from "../format/chunker-parameters.ts";
import { assertNothingMarked, markIds } from "../marks.ts";
import type { Snapshot } from "../format/snapshot.ts";
import { PointRetainer } from "../object-lock/retain-points.ts";
import type { Repository } from "../repository.ts";
import type { Session } from "../session.ts";
import { saveSnapshot, type StoredSnapshot } from "../snapshots.ts";
import { CopiedSnapshots, copyOf } from "./copied-snapshots.ts";
import { CopyRun } from "./copy-run.ts";
import type { BlobFault } from "./copy-calls.ts";

export interface CopyOptions {
  /** Of the source; the oldest first is best. */
  readonly snapshots: readonly StoredSnapshot[];
  /** Walks and counts, and stores nothing. */
  readonly dryRun: boolean;
  readonly verify: VerifyWrites;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly progress: ProgressSink;
}

export interface CopyResult {
  readonly copied: readonly CopiedSnapshot[];
  /** Source ids of those that the target had already. */
  readonly skipped: readonly HexId[];
  /** Source ids of those that are damaged; why is reported. */
  readonly failed: readonly HexId[];
  /** Sealed bytes of blobs that the source was asked for, or would be. */
  readonly bytesRead: number;
  /** Sealed bytes of new blobs in the target. */
  readonly bytesWritten: number;
}

export interface CopiedSnapshot {
  readonly from: HexId;
  /** In the target; undefined in a dry run. */
  readonly id: HexId | undefined;
}

/** Snapshots are written when so much was stored since the last: later would lose more to a crash, earlier makes more packs that are not full. */
const COMMIT_BYTES = 256 << 20;

/**
 * A damaged snapshot is reported and passed over, the others are copied.
 *
 * @param to with a shared lock, that is held until this returns
 * @throws {DomainError} conflict/pruned_meanwhile
 */
export async function copySnapshots(from: Session, to: Session, options: CopyOptions): Promise<CopyResult> {
  const { dryRun, report } = options;
  const there = new CopiedSnapshots(to.snapshots);
  const { true: known = [], false: wanted = [] } = Object.groupBy(options.snapshots, (stored) => (there.has(stored) ? "true" : "false"));
  const skipped = known.map(({ id }) => id);
  if (wanted.length === 0) return { copied: [], skipped, failed: [], bytesRead: 0, bytesWritten: 0 };
  reportOtherChunker(from, to, report);
  const seenMarks = await markIds(to.repository.files, { signal: to.signal });
  const copied: CopiedSnapshot[] = [];
  const failed: HexId[] = [];
  let unwritten: StoredSnapshot[] = [];
  await using run = new CopyRun(from, to, { ...options, snapshots: wanted.length });
  const retainer = new PointRetainer(to, { newPacks: run.newPacks, report });
  const commit = async (): Promise<void> => {
    await run.flush();
    const retained: { readonly from: HexId; readonly snapshot: Snapshot }[] = [];
    for (const stored of unwritten) retained.push({ from: stored.id, snapshot: await retainer.retain(copyOf(stored)) });
    await assertNothingMarked(to, seenMarks);
    for (const { from: id, snapshot } of retained) {
      to.throwIfLost();
      copied.push({ from: id, id: await saveSnapshot(to.repository, snapshot, { signal: run.signal }) });
    }
    unwritten = [];
  };
  for (const stored of wanted) {
    const faults = await run.copyTree(stored.snapshot.tree);
    if (faults.length > 0) {
      failed.push(stored.id);
      reportFaults(stored.id, faults, report);
    } else if (dryRun) copied.push({ from: stored.id, id: undefined });
    else unwritten.push(stored);
    if (run.unflushedBytes >= COMMIT_BYTES) await commit();
  }
  if (!dryRun) await commit();
  return { copied, skipped, failed, bytesRead: run.bytesRead, bytesWritten: run.bytesWritten };
}

function reportOtherChunker(from: Session, to: Session, report: FindingSink): void {
  if (cutsOf(from.repository) === cutsOf(to.repository)) return;
  report({
    grade: "info",
    code: "chunkers_differ",
    object: to.repository.store.url,
    message: `Cannot use copies for later backups into "${to.repository.store.url}": it cuts files elsewhere, so they are stored once more`,
  });
}

/** A text that is the same for two repositories that cut alike. Those of a later version can be copied, too. */
function cutsOf({ config: { chunker, chunkerPolynomial } }: Repository): string {
  return chunker === undefined ? chunkerPolynomial.toString(16) : JSON.stringify(chunkerFields(chunker));
}

function reportFaults(snapshot: HexId, faults: readonly BlobFault[], report: FindingSink): void {
  for (const { type, id, reason } of faults) {
    report({ grade: "critical", code: "blob_unreadable", object: `${type} ${id}`, message: `Cannot copy ${type} blob "${id}": ${reason}` });
  }
  const count = faults.length === 1 ? "a blob" : `${faults.length} blobs`;
  const message = `Cannot copy snapshot "${snapshot.slice(0, 8)}": ${count} it needs cannot be read`;
  report({ grade: "partial", code: "snapshot_not_copied", object: `snapshots/${snapshot}`, message });
}
