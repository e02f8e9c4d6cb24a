/** Stores a volume: all of its file system, what a new one has by itself included, or all of its device. */
import { NO_NAMES } from "../../archive/owner-names.ts";
import { Resumption } from "../../archive/backup/resumption.ts";
import { NO_EXCLUDES } from "../../archive/backup/source.ts";
import { type StoredSource, type StoreOptions, storeSource } from "../../archive/backup/store-source.ts";
import { folderSource } from "../../archive/backup/targets.ts";
import { readRoot, volumeIdOf, volumeResumeSource, withoutXattrs } from "../../archive/volume.ts";
import type { Clock } from "../../base/clock.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { Session } from "../../repository/session.ts";
import type { BackUpVolume, MoverSuccess } from "../work.ts";
import type { MoverPlaces } from "./places.ts";

export interface BackUpParts {
  readonly places: Pick<MoverPlaces, "device" | "volumeFolder">;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly progress: ProgressSink;
  /** When it aborts, what is stored is named before the reason is thrown. */
  readonly stop: AbortSignal;
}

type Moved = Omit<MoverSuccess, "findings" | "tookMs">;

/** Pods are ended more often than commands: evicted, drained, out of memory. */
const CHECKPOINT_INTERVAL = { ms: 60_000, blobs: 50_000 };
/** Of the answer, which has 4 KiB. */
const MAX_ROOT_BYTES = 3_000;
const NS_PER_MS = 1_000_000n;

/** @param session with a shared lock */
export async function backUpVolume(session: Session, work: BackUpVolume, parts: BackUpParts): Promise<Moved> {
  return work.mode === "Block" ? backUpDevice(session, work, parts) : backUpFiles(session, work, parts);
}

async function backUpFiles(session: Session, work: BackUpVolume, parts: BackUpParts): Promise<Moved> {
  const { places, clock, report } = parts;
  const { signal } = session;
  const resumption = await Resumption.begin(session, { source: volumeResumeSource(work.claimUid), clock, report });
  const options = optionsOf(work, parts);
  const rootOf = readRoot(places.volumeFolder, options.style);
  const stored = await storeSource(session, { ...options, source: folderSource(places.volumeFolder, NO_EXCLUDES), resumption });
  await resumption.keep(stored.tree, { signal });
  const root = rootOf(stored.tree);
  if (Buffer.byteLength(root) <= MAX_ROOT_BYTES) return { ...movedOf(stored), root };
  const message = "Cannot keep the extended attributes of the volume's root folder: they are too long";
  report({ grade: "partial", code: "root_attributes_left_out", object: "/", message });
  return { ...movedOf(stored), root: withoutXattrs(root) };
}

async function backUpDevice(session: Session, work: BackUpVolume, parts: BackUpParts): Promise<Moved> {
  const source = { kind: "image", path: parts.places.device, place: [] } as const;
  return movedOf(await storeSource(session, { ...optionsOf(work, parts), source, resumption: undefined }));
}

function optionsOf({ claimUid, parent }: BackUpVolume, parts: BackUpParts): Omit<StoreOptions, "resumption" | "source"> {
  const { clock, report, progress, stop } = parts;
  return {
    parent: parent && { tree: parent.tree, startNs: BigInt(parent.timeMs) * NS_PER_MS },
    resume: true,
    checkpointInterval: CHECKPOINT_INTERVAL,
    stop,
    // Users of the image have nothing to do with those of the volume.
    style: { names: NO_NAMES, volumeId: volumeIdOf(claimUid) },
    verify: "sample",
    clock,
    report,
    progress,
  };
}

function movedOf({ tree, totals: { files, bytes, storedBytes } }: StoredSource): Moved {
  return { tree, files, bytes, storedBytes };
}
