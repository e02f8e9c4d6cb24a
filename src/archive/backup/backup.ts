/** One backup: stores its source, and writes the snapshot when everything it needs is stored and indexed. */
import type { Finding } from "../../base/finding.ts";
import { PARTIAL_TAG } from "../../repository/forget.ts";
import type { Snapshot, SnapshotSummary } from "../../repository/format/snapshot.ts";
import { timestampAt } from "../../repository/format/timestamp.ts";
import { markIds } from "../../repository/marks.ts";
import type { Session } from "../../repository/session.ts";
import type { StoredSnapshot } from "../../repository/snapshots.ts";
import { publish } from "../publish.ts";
import type { CounterTotals } from "./counters.ts";
import { earlierRun } from "./earlier-trees.ts";
import { Resumption } from "./resumption.ts";
import { type StoreOptions, storeSource } from "./store-source.ts";

export interface BackupOptions extends Omit<StoreOptions, "parent" | "resumption" | "stop"> {
  /** What the snapshot says of itself. */
  readonly description: SnapshotDescription;
  /** What did not change since is not read again. */
  readonly parent: StoredSnapshot | undefined;
}

export type SnapshotDescription = Pick<
  Snapshot,
  "paths" | "hostname" | "username" | "uid" | "gid" | "excludes" | "tags" | "programVersion" | "otherFields"
> & { readonly timeMs?: number | undefined };

/**
 * @param session with a shared lock, that is held until this returns
 * @throws {DomainError} conflict/pruned_meanwhile
 */
export async function backup(session: Session, options: BackupOptions): Promise<StoredSnapshot> {
  const { clock, parent } = options;
  const { timeMs, ...fields } = options.description;
  const startMs = clock.now();
  const grades = new Set<Finding["grade"]>();
  const report = (finding: Finding): void => {
    grades.add(finding.grade);
    options.report(finding);
  };
  const { hostname: host, paths } = options.description;
  const [seenMarks, resumption] = await Promise.all([
    markIds(session.repository.files, { signal: session.signal }),
    // What a stream has given cannot be skipped, and the parts of an image are read again whatever was stored of them.
    options.source.kind === "tree" ? Resumption.begin(session, { source: { host, paths }, clock, report }) : undefined,
  ]);
  const { tree, totals, newPacks } = await storeSource(session, { ...options, parent: parent && earlierRun(parent), resumption, report });
  const snapshot: Snapshot = {
    time: timestampAt(timeMs ?? startMs),
    parent: parent?.id,
    tree,
    ...fields,
    tags: grades.has("partial") ? [...fields.tags, PARTIAL_TAG] : fields.tags,
    summary: summaryOf(totals, startMs, clock.now()),
  };
  const stored = await publish(session, snapshot, { newPacks, seenMarks, report });
  await resumption?.end({ signal: session.signal });
  return stored;
}

function summaryOf(totals: CounterTotals, startMs: number, endMs: number): SnapshotSummary {
  return {
    backupStart: timestampAt(startMs),
    backupEnd: timestampAt(endMs),
    filesNew: totals.filesNew,
    filesChanged: totals.filesChanged,
    filesUnmodified: totals.filesUnmodified,
    dirsNew: totals.foldersNew,
    dirsChanged: totals.foldersChanged,
    dirsUnmodified: totals.foldersUnmodified,
    dataBlobs: totals.dataBlobs,
    treeBlobs: totals.treeBlobs,
    dataAdded: totals.newBytes,
    dataAddedPacked: totals.storedBytes,
    totalFilesProcessed: totals.files,
    totalBytesProcessed: totals.bytes,
    otherFields: {},
  };
}
