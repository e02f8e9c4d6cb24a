/** Fills an empty volume with what a tree says. One that has something in it is refused: it may be somebody's only copy. */
import { opendir } from "node:fs/promises";
import { restoreImage } from "../../archive/image/restore-image.ts";
import { EVERYTHING } from "../../archive/restore/options.ts";
import { restore } from "../../archive/restore/restore.ts";
import type { Clock } from "../../base/clock.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { Session } from "../../repository/session.ts";
import type { FillVolume, MoverSuccess } from "../work.ts";
import type { MoverPlaces } from "./places.ts";

export interface FillParts {
  readonly places: Pick<MoverPlaces, "device" | "volumeFolder">;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly progress: ProgressSink;
}

type Filled = Omit<MoverSuccess, "findings" | "tookMs">;

/** What mkfs makes in a new file system. */
const LOST_AND_FOUND = "lost+found";

/**
 * @throws {DomainError} conflict/volume_not_empty; corrupt/volume_incomplete: something of it could not be made, as the findings say
 * @throws {DomainError} as restore() and restoreImage() do
 */
export async function fillVolume(session: Session, work: FillVolume, parts: FillParts): Promise<Filled> {
  return work.mode === "Block" ? fillDevice(session, work, parts) : fillFiles(session, work, parts);
}

async function fillFiles(session: Session, { tree, root, verify, isBegun = false }: FillVolume, parts: FillParts): Promise<Filled> {
  const { places, clock, report, progress } = parts;
  const { repository, index, signal } = session;
  if (!isBegun) await requireEmpty(places.volumeFolder);
  const { files, unchanged, bytes, failed } = await restore(repository, {
    tree,
    target: places.volumeFolder,
    targetNode: root,
    index,
    cache: undefined,
    select: EVERYTHING,
    overwrite: "if-changed",
    deleteExtra: false,
    dryRun: false,
    verify,
    clock,
    report,
    progress,
    signal,
  });
  if (failed > 0) throw incomplete(failed);
  return { files: files + unchanged, bytes, storedBytes: 0 };
}

async function fillDevice(session: Session, { tree, verify, isBegun = false }: FillVolume, parts: FillParts): Promise<Filled> {
  const { places, report, progress } = parts;
  try {
    const options = { tree, target: places.device, mayOverwrite: isBegun, dryRun: false, verify, report, progress };
    const { bytes, parts: files } = await restoreImage(session, options);
    return { files, bytes, storedBytes: 0 };
  } catch (error) {
    if (error instanceof DomainError && error.code === "target_has_content") throw notEmpty("its device has something on it");
    throw error;
  }
}

async function requireEmpty(folder: string): Promise<void> {
  await using entries = await opendir(folder);
  for await (const { name } of entries) {
    if (name !== LOST_AND_FOUND) throw notEmpty("it has files");
  }
}

/** Nobody is to work on less than all of it without having been asked. */
function incomplete(failed: number): DomainError {
  const what = failed === 1 ? "one thing in it is" : `${failed} things in it are`;
  return new DomainError("corrupt", "volume_incomplete", `Cannot fill the volume: ${what} not as in the restore point`, {
    hint: 'Run "holdfast repository check"; "holdfast repository repair snapshots" makes a point without what is lost, and "holdfast point extract" takes what is there',
  });
}

function notEmpty(state: string): DomainError {
  return new DomainError("conflict", "volume_not_empty", `Cannot fill the volume: ${state} already`, {
    hint: "Its storage class gives out volumes that were used before: use another one, or empty the volume",
  });
}
