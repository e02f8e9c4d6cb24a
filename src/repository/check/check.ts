/**
 * Proves that a repository is whole: files, index, snapshots, trees, and all or a part of the data. What is wrong is named by file, with
 * what it touches and what to do about it. Nothing is written.
 */
import { availableParallelism } from "node:os";
import type { Clock } from "../../base/clock.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { Session } from "../session.ts";
import type { CheckJobs, CheckThreadData, CheckThreads } from "./check-jobs.ts";
import { type CheckFinding, damageFindings, garbageFinding } from "./check-findings.ts";
import { CheckProgress } from "./check-progress.ts";
import { Damages } from "./damages.ts";
import { EntrySet } from "./entry-set.ts";
import { JobThreads } from "./job-threads.ts";
import { attributeMissing } from "./missing-blobs.ts";
import type { PackTable } from "./pack-table.ts";
import { readPacks } from "./read-packs.ts";
import { packsToRead, type ReadData, type SizedPack } from "./read-subset.ts";
import { checkSmallFiles } from "./small-files.ts";
import { listStoredPacks, type StoredPacks } from "./stored-packs.ts";
import { traceDamage } from "./trace-damage.ts";
import { TreeStretches } from "./tree-stretches.ts";
import { walkTrees } from "./tree-walk.ts";
import type { UsageCount } from "./usage.ts";

export interface CheckOptions {
  readonly readData: ReadData;
  readonly clock: Clock;
  readonly progress: ProgressSink;
  /** Gets every finding when it is complete; the same ones are in the result. */
  readonly report: FindingSink;
}

export interface CheckResult extends UsageCount {
  readonly snapshots: number;
  readonly packs: number;
  readonly trees: number;
  /** Packs that were read whole, and all bytes that were read of packs. */
  readonly packsRead: number;
  readonly bytesRead: number;
  readonly findings: readonly CheckFinding[];
  /** Nothing is damaged or missing. */
  readonly ok: boolean;
}

/** More threads would wait for the store. */
const MAX_THREADS = 8;

/**
 * Index files and snapshots that the session could not read are looked at again and become findings here, with what they touch: the sink
 * of openSession() need not show its findings about them.
 *
 * @param session best with a shared lock. Without one, what others remove meanwhile looks like damage.
 */
export async function checkRepository(session: Session, options: CheckOptions): Promise<CheckResult> {
  const { index, repository, signal } = session;
  const data: CheckThreadData = { index: index.shared, masterKey: repository.masterKey };
  await using threads: CheckThreads = new JobThreads<CheckJobs>(
    new URL("check-thread.ts", import.meta.url),
    data,
    Math.min(availableParallelism(), MAX_THREADS),
  );
  const damages = new Damages(index);
  const progress = new CheckProgress(options.progress, options.clock);
  progress.stage("Listing packs");
  const [table, stored, small] = await Promise.all([
    threads.run("table", undefined),
    listStoredPacks(repository, index, { signal }),
    checkSmallFiles(session, damages),
  ]);
  const suspects = compareSizes(session, table, stored, damages);
  const used = EntrySet.create(table.lastEntry);
  const stretches = stretchesOf(session, table, stored);

  progress.stage("Reading trees", { items: undefined });
  const roots = session.snapshots.map(({ snapshot }) => snapshot.tree);
  const onTrees = (trees: number, bytes: number): void => progress.add(trees, bytes);
  const walked = await walkTrees(roots, { index, threads, stretches, used, signal, onRead: onTrees });
  const { done: trees, bytes: treeBytes } = progress;
  const garbage = await attributeMissing(session, stored.unindexed, walked.missing, small.damagedIndexFiles, damages);

  const chosen = packsToRead([...stored.indexed.values()], options.readData);
  const packs = withSuspects(chosen, [...suspects, ...walked.damaged.map(({ entry }) => index.packOf(entry))], stored);
  progress.stage("Reading packs", { items: packs.length, bytes: packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) });
  await readPacks(session, packs, { table, threads, damages, onRead: (bytes) => progress.add(1, bytes) });
  const { bytes: packBytes } = progress;

  const touched = await traceDamage(session, damages.lostBlobs(), { threads, stretches, lastEntry: table.lastEntry });
  const findings = [...small.findings, ...garbage.map(garbageFinding), ...damageFindings(session, damages, touched)];
  for (const finding of findings) options.report(finding);
  return {
    ...(await threads.run("usage", used.shared)),
    snapshots: session.snapshots.length,
    packs: index.packCount,
    trees,
    packsRead: packs.length,
    bytesRead: treeBytes + packBytes,
    findings,
    ok: findings.every(({ grade }) => grade === "info"),
  };
}

/** Numbers of packs whose length is not that of what they must hold: they are read, to see what is left in them. */
function compareSizes({ index }: Session, table: PackTable, { indexed, absent }: StoredPacks, damages: Damages): readonly number[] {
  if (absent.length > 0) {
    const numbers = new Map(absent.map((pack) => [pack, damages.add(packDamage(index.packId(pack), "pack_missing", "it is not there"))]));
    for (const entry of index.entries()) {
      const damage = numbers.get(index.packOf(entry));
      if (damage !== undefined) damages.addBadEntry(entry, damage);
    }
  }
  return [...indexed.values()].filter(({ number, sizeBytes }) => sizeBytes !== table.bytes[number]).map(({ number }) => number);
}
