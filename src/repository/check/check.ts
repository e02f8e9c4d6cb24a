/**
 * Proves that a repository is whole: files, index, snapshots, trees, and all or a part of the data. What is wrong is named by file, with
 * what it touches and what to do about it. Nothing is written.
 */
import type { Clock } from "../../base/clock.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { Session } from "../session.ts";
import { type CheckFinding, damageFindings, garbageFinding } from "./check-findings.ts";
import { startCheckThreads } from "./check-threads.ts";
import { CheckProgress } from "./check-progress.ts";
import { Damages } from "./damages.ts";
import { EntrySet } from "../index/entry-set.ts";
import { keyOfFile } from "../layout.ts";
import { explainMissing } from "./missing-blobs.ts";
import { listMarks } from "../marks.ts";
import { addAbsentPacks, repairPack } from "./pack-damage.ts";
import type { PackTable } from "./pack-table.ts";
import { readPacks } from "./read-packs.ts";
import { packsToRead, type ReadData, type SizedPack } from "./read-subset.ts";
import { checkSmallFiles } from "./small-files.ts";
import { StoreFailures } from "./store-failures.ts";
import { listStoredPacks, type StoredPacks } from "./stored-packs.ts";
import { traceDamage } from "./trace-damage.ts";
import { TreeStretches } from "./tree-stretches.ts";
import type { DamagedTree } from "./tree-visitor.ts";
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

/**
 * Index files and snapshots that the session could not read are looked at again and become findings here, with what they touch: the sink
 * of openSession() need not show its findings about them.
 *
 * @param session best with a shared lock. Without one, what others remove meanwhile looks like damage.
 */
export async function checkRepository(session: Session, options: CheckOptions): Promise<CheckResult> {
  const { index, repository, signal } = session;
  await using threads = startCheckThreads(session);
  const damages = new Damages(index);
  const progress = new CheckProgress(options.progress, options.clock);
  progress.start("Looking at files");
  const [table, stored, damagedIndexFiles] = await Promise.all([
    threads.call("table", undefined, { signal }),
    listStoredPacks(repository, index, { signal }),
    checkSmallFiles(session, damages),
  ]);
  addAbsentPacks(session, stored, damages);
  const failures = new StoreFailures();
  const used = EntrySet.create(table.lastEntry + 1);
  const stretches = new TreeStretches(session, table, stored);

  progress.start("Reading trees");
  const roots = session.snapshots.map(({ snapshot }) => snapshot.tree);
  const onTrees = (trees: number, bytes: number): void => progress.add(trees, bytes);
  const { damaged, missing } = await walkTrees(roots, { index, threads, stretches, used, failures, signal, onRead: onTrees });
  stretches.forget();
  const { doneItems: trees, doneBytes: treeBytes } = progress;
  const garbage = await explainMissing(session, { unindexed: stored.unindexed, missing, damagedIndexFiles }, damages);

  const { marks } = await listMarks(repository.files, { signal });
  const marked = new Set(marks.flatMap((mark) => mark.packs.map(({ id }) => id)));
  const packs = choosePacks(session, options.readData, table, stored, damaged);
  progress.start("Reading packs", { totalItems: packs.length, totalBytes: packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) });
  await readPacks(session, packs, { table, threads, damages, failures, onRead: (bytes) => progress.add(1, bytes) });
  addUnsteadyTrees(session, damaged, damages);

  const touched = await traceDamage(session, damages.lostBlobs(), { threads, stretches, lastEntry: table.lastEntry });
  const findings = [
    ...openingFindings(session),
    ...garbage.filter(({ id }) => !marked.has(id)).map(garbageFinding),
    ...damageFindings(damages.list, touched),
  ];
  for (const finding of findings) options.report(finding);
  return {
    ...(await threads.call("usage", used.shared, { signal })),
    snapshots: session.snapshots.length,
    packs: index.packCount,
    trees,
    packsRead: packs.length,
    bytesRead: treeBytes + progress.doneBytes,
    findings,
    ok: findings.every(({ grade }) => grade === "info"),
  };
}

/** Those that were asked for, and those with which something is wrong: what is left in them must be known. */
function choosePacks(
  { index }: Session,
  readData: ReadData,
  table: PackTable,
  { indexed }: StoredPacks,
  damagedTrees: readonly DamagedTree[],
): readonly SizedPack[] {
  const packs = [...indexed.values()];
  const suspects = new Set(damagedTrees.map(({ entry }) => index.packOf(entry)));
  const isSuspect = ({ number, sizeBytes }: SizedPack): boolean => sizeBytes !== table.bytes[number] || suspects.has(number);
  return [...new Set([...packsToRead(packs, readData), ...packs.filter(isSuspect)])];
}

/** A tree that could not be read at first, and could when its pack was read: the store does not always give the same. */
function addUnsteadyTrees({ index }: Session, damagedTrees: readonly DamagedTree[], damages: Damages): void {
  for (const { entry, state } of damagedTrees) {
    if (damages.isBad(entry)) continue;
    const id = index.packId(index.packOf(entry));
    const object = keyOfFile("data", id);
    damages.addBadEntry(entry, damages.add({ code: "pack_damaged", object, state: `of a tree in it: ${state}`, remedy: repairPack(id) }));
  }
}

/** That a spare was used is said with what is wrong with the original. */
function openingFindings({ repository }: Session): CheckFinding[] {
  return repository.findings.flatMap((finding) => (finding.code === "spare_used" ? [] : [{ ...finding, touched: [] }]));
}
