/** One restore point of a unit: its objects, its volumes, what it says of itself, and the snapshot that makes it exist. */
import { namespacesOf } from "../application/unit.ts";
import { endVolumeResumption } from "../archive/volume.ts";
import type { Clock } from "../base/clock.ts";
import type { Finding } from "../base/finding.ts";
import { UlidSource } from "../base/ids.ts";
import { MadeFiles, type MadeTotals } from "../archive/made-files.ts";
import { publish } from "../archive/publish.ts";
import { type PointCluster, type PointDescription, POINT_FORMAT } from "../point/description.ts";
import { DESCRIPTION_FILE } from "../point/object-path.ts";
import { type PointHandle, pointTag } from "../point/points.ts";
import type { MoverSuccess } from "../mover/work.ts";
import { PARTIAL_TAG } from "../repository/forget.ts";
import type { Snapshot, SnapshotSummary } from "../repository/format/snapshot.ts";
import { timestampAt } from "../repository/format/timestamp.ts";
import { ownIdentity } from "../repository/lock-process.ts";
import { markIds } from "../repository/marks.ts";
import type { Session } from "../repository/session.ts";
import type { CaptureOptions } from "./capture.ts";
import { captureAll, type UnitVolumes } from "./capture-all.ts";

export interface BackupUnitOptions extends Omit<CaptureOptions, "atMoment" | "signal"> {
  readonly cluster: PointCluster;
  /** `holdfast 1.2.3` */
  readonly programVersion: string;
  readonly clock: Clock;
  /** undefined: the unit has none. */
  readonly volumes: UnitVolumes | undefined;
}

export interface BackedUpUnit {
  readonly handle: PointHandle;
  readonly description: PointDescription;
  /** Of objects and volumes. */
  readonly totals: MadeTotals;
}

/**
 * @param session with a shared lock, that is held until this returns, in the repository of the unit
 * @throws {DomainError} as captureAll() and publish() do; there is no point then
 */
export async function backupUnit(session: Session, options: BackupUnitOptions): Promise<BackedUpUnit> {
  const { unit, cluster, programVersion, clock, volumes } = options;
  const findings: Finding[] = [];
  const report = (finding: Finding): void => {
    findings.push(finding);
    options.report(finding);
  };
  const startMs = clock.now();
  const seenMarks = await markIds(session.repository.files, { signal: session.signal });
  const files = new MadeFiles(session, clock);
  const capture = { ...options, report, signal: session.signal };
  // What is temporary is there until the point is.
  await using captured = await captureAll(session, files, capture, volumes);
  const { objects, described, moved } = captured;
  const id = new UlidSource(clock).next();
  const description: PointDescription = {
    format: POINT_FORMAT,
    id,
    time: timestampAt(startMs).text,
    unit: { kind: unit.kind, name: unit.name, namespaces: namespacesOf(unit) },
    cluster,
    programVersion,
    ...objects,
    ...described,
    findings,
  };
  files.add([DESCRIPTION_FILE], Buffer.from(`${JSON.stringify(description, null, 1)}\n`), startMs);
  const made = await files.finish();
  const { tree, newPacks } = made;
  const totals = withVolumes(made.totals, moved);
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
  await endVolumeResumption(
    session,
    description.volumes.filter(({ data }) => data !== undefined).map(({ claimUid }) => claimUid),
  );
  await captured.keep(id);
  return { handle: { id, snapshot: stored, timeMs: startMs, isPartial }, description, totals };
}

/** Movers count what they store themselves. */
function withVolumes(totals: MadeTotals, moved: readonly MoverSuccess[]): MadeTotals {
  const sum = (of: (one: MoverSuccess) => number): number => moved.reduce((total, one) => total + of(one), 0);
  return {
    ...totals,
    files: totals.files + sum(({ files }) => files),
    bytes: totals.bytes + sum(({ bytes }) => bytes),
    storedBytes: totals.storedBytes + sum(({ storedBytes }) => storedBytes),
  };
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
