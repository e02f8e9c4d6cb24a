/** Everything that can be generated, by name: what {@link generate} asks a process of its own for. */
import { join } from "node:path";
import { run } from "../../dev/host/run.ts";
import { copyChanged } from "./changes.ts";
import { writeImage } from "./image.ts";
import { writeDatabase, writeLogs, writeRandomFiles } from "./large-files.ts";
import { writeCrowdedFolder, writeSmallFiles, writeTinyFiles } from "./many-files.ts";
import { copyPrograms } from "./programs.ts";
import { type Seeded } from "./seeded.ts";

/** @param of How much: bytes or files; for `changes` the folder that is copied. */
export type Writer = (random: Seeded, target: string, of: string) => void;

export type WriterName =
  | "random"
  | "programs"
  | "logs"
  | "database"
  | "small-files"
  | "tiny-files"
  | "crowded-folder"
  | "image"
  | "changes";

export const WRITERS: Readonly<Record<WriterName, Writer>> = {
  random: (random, target, bytes) => writeRandomFiles(random, target, Number(bytes)),
  programs: (_random, target, bytes) => copyPrograms(target, Number(bytes)),
  logs: (random, target, bytes) => writeLogs(random, target, Number(bytes)),
  database: (random, target, bytes) => writeDatabase(random, target, Number(bytes)),
  "small-files": (random, target, count) => writeSmallFiles(random, target, Number(count)),
  "tiny-files": (random, target, count) => writeTinyFiles(random, target, Number(count)),
  "crowded-folder": (random, target, count) => writeCrowdedFolder(random, target, Number(count)),
  image: (random, target, bytes) => writeImage(random, target, Number(bytes)),
  changes: (random, target, source) => copyChanged(random, source, target),
};

export interface Piece {
  readonly writer: WriterName;
  readonly seed: string;
  readonly target: string;
  readonly of: string | number;
}

/** Generates one piece in a process of its own, so that several run side by side and Ctrl-C ends them at once. */
export async function generate({ writer, seed, target, of }: Piece, signal?: AbortSignal): Promise<void> {
  await run(process.execPath, [join(import.meta.dirname, "generate.ts"), writer, seed, target, String(of)], { signal });
}
