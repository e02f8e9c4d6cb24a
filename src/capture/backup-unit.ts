/** One restore point of a unit: its objects, what it says of itself, and the snapshot that makes it exist. */
import { namespacesOf } from "../application/unit.ts";
import type { Clock } from "../base/clock.ts";
import type { Finding } from "../base/finding.ts";
import { UlidSource } from "../base/ids.ts";
import { MadeFiles, type MadeTotals } from "../archive/made-files.ts";
import { publish } from "../archive/publish.ts";
import { type PointCluster, type PointDescription, POINT_FORMAT } from "../point/description.ts";
import { DESCRIPTION_FILE } from "../point/object-path.ts";
import { type PointHandle, pointTag } from "../point/points.ts";
import { PARTIAL_TAG } from "../repository/forget.ts";
import type { Snapshot, SnapshotSummary } from "../repository/format/snapshot.ts";
import { timestampAt } from "../repository/format/timestamp.ts";
import { ownIdentity } from "../repository/lock-process.ts";
import { markIds } from "../repository/marks.ts";
import type { Session } from "../repository/session.ts";
import { type CaptureOptions, captureObjects } from "./capture.ts";

export interface BackupUnitOptions extends Omit<CaptureOptions, "signal"> {
  readonly cluster: PointCluster;
  /** `holdfast 1.2.3` */
  readonly programVersion: string;
  readonly clock: Clock;
}

export interface BackedUpUnit {
  readonly handle: PointHandle;
  readonly description: PointDescription;
  readonly totals: MadeTotals;
}

/**
 * @param session with a shared lock, that is held until this returns, in the repository of the unit
 * @throws {DomainError} as captureObjects() and publish() do; there is no point then
 */
export async function backupUnit(session: Session, options: BackupUnitOptions): Promise<BackedUpUnit> {
  const { unit, cluster, programVersion, clock } = options;
  const findings: Finding[] = [];
  const report = (finding: Finding): void => {
    findings.push(finding);
    options.report(finding);
  };
  const startMs = clock.now();
  const seenMarks = await markIds(session.repository.files, { signal: session.signal });
  const files = new MadeFiles(session, clock);
  const captured = await captureObjects(files, { ...options, report, signal: session.signal });
  const id = new UlidSource(clock).next();
  const description: PointDescription = {
    format: POINT_FORMAT,
    id,
    time: timestampAt(startMs).text,
    unit: { kind: unit.kind, name: unit.name, namespaces: namespacesOf(unit) },
    cluster,
    programVersion,
    ...captured,
    volumes: [],
    streams: [],
    databases: [],
    findings,
  };
  files.add([DESCRIPTION_FILE], Buffer.from(`${JSON.stringify(description, null, 1)}\n`), startMs);
  const { tree, totals, newPacks } = await files.finish();
  const { username, uid, gid } = await ownIdentity();
  const isPartial = findings.some(({ grade }) => grade === "partial");
  const snapshot: Snapshot = {
    time: timestampAt(startMs),
    parent: session.snapshots.at(-1)?.id,
    tree,
    paths: [`/${unit.kind}/${unit.name}`],
    hostname: cluster.name,
    username,
    uid,
    gid,
    excludes: [],
    tags: [pointTag(id), ...(isPartial ? [PARTIAL_TAG] : [])],
    programVersion,
    summary: summaryOf(totals, startMs, clock.now()),
    otherFields: {},
  };
  const stored = await publish(session, snapshot, { newPacks, seenMarks, report });
  return { handle: { id, snapshot: stored, timeMs: startMs, isPartial }, description, totals };
}

function summaryOf(totals: MadeTotals, startMs: number, endMs: number): SnapshotSummary {
  return {
    backupStart: timestampAt(startMs),
    backupEnd: timestampAt(endMs),
    filesNew: 0,
    filesChanged: 0,
    filesUnmodified: 0,
    dirsNew: 0,
    dirsChanged: 0,
    dirsUnmodified: 0,
    dataBlobs: totals.dataBlobs,
    treeBlobs: totals.treeBlobs,
    dataAdded: totals.newBytes,
    dataAddedPacked: totals.storedBytes,
    totalFilesProcessed: totals.files,
    totalBytesProcessed: totals.bytes,
    otherFields: {},
  };
}
