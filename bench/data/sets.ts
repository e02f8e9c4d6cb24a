/** The data that is measured on. Each set is data to back up, and the same some time later. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cached, keyOf } from "../../dev/host/cache.ts";
import { run } from "../../dev/host/run.ts";
import { forEachConcurrent } from "../../src/base/concurrency.ts";
import { type CaseName } from "../cases.ts";
import { GIB, MIB } from "./sizes.ts";
import { generate, type Piece } from "./writers.ts";

/** Change the version with anything that changes the data, or old data in the cache is taken for new. */
const DATA_VERSION = "1";
const SEED = "holdfast";
const PROCESSES = 2;

export interface DataPaths {
  readonly first: string;
  /** What `first` has become. */
  readonly changed: string;
  /** The name of the only file in both of them, which is the image of a disk: some tools can be told so. */
  readonly image?: string;
}

export interface DataSet {
  readonly name: string;
  readonly description: string;
  /** What is measured unless cases are asked for; others are not meant for this data. */
  readonly cases: readonly CaseName[];
  /** Disk space of both states, at most. */
  readonly dataBytes: number;
  /** Disk space of a repository with both states, or of what is restored, at most. */
  readonly storedBytes: number;
  /** Generates what is not there yet, in `folder` or in the cache. */
  readonly prepare: (folder: string, signal: AbortSignal) => Promise<DataPaths>;
}

const ALL_CASES: readonly CaseName[] = ["first", "unchanged", "restore", "check", "read-data", "changed", "prune"];
const MIXED = { random: 1_024 * MIB, programs: 512 * MIB, logs: 448 * MIB, database: 448 * MIB } as const;
const SMALL_FILES = 100_000;
const CROWD = 1_000_000;
const BLOBS = 1_000_000;
const IMAGE_WRITTEN_BYTES = 2 * GIB;
/** One hundredth of the image. */
const IMAGE_CHANGED_BYTES = 10 * GIB;

export const DATA_SETS: readonly DataSet[] = [
  {
    name: "mixed",
    description: "random bytes, program binaries, logs and database pages; then a copy with 2 % of the bytes changed and some shifted",
    cases: ALL_CASES,
    dataBytes: 5.5 * GIB,
    storedBytes: 2.5 * GIB,
    prepare: async (_folder, signal) =>
      kept("mixed", signal, (first) => {
        const writers = ["random", "programs", "logs", "database"] as const;
        return writers.map((writer) => ({ writer, seed: SEED, target: join(first, writer), of: MIXED[writer] }));
      }),
  },
  {
    name: "small",
    description: "100,000 files of 0.2 to 8 KB in 1,000 folders; then a copy with 2 % of them rewritten",
    cases: ALL_CASES,
    dataBytes: 1.5 * GIB,
    storedBytes: 1 * GIB,
    prepare: async (_folder, signal) =>
      kept("small", signal, (first) => [{ writer: "small-files", seed: SEED, target: first, of: SMALL_FILES }]),
  },
  {
    name: "image",
    description: "a sparse disk image of 1 TiB with 2 GiB written; then 10 GiB more written in extents of 32 MiB",
    cases: ["first", "changed"],
    dataBytes: 15 * GIB,
    storedBytes: 8 * GIB,
    prepare: prepareImage,
  },
  {
    name: "crowd",
    description: "1,000,000 files in one folder, 9 of 10 empty",
    cases: ["first", "unchanged", "restore"],
    dataBytes: 1 * GIB,
    storedBytes: 1 * GIB,
    prepare: async (folder, signal) => {
      const first = join(folder, "crowd");
      await generate({ writer: "crowded-folder", seed: SEED, target: first, of: CROWD }, signal);
      return { first, changed: first };
    },
  },
  {
    name: "blobs",
    description: "1,000,000 files of 100 to 200 bytes, each a blob; then a tenth of them only",
    cases: ["check", "read-data", "prune"],
    dataBytes: 6 * GIB,
    storedBytes: 1 * GIB,
    prepare: async (folder, signal) => {
      const first = join(folder, "blobs");
      await generate({ writer: "tiny-files", seed: SEED, target: first, of: BLOBS }, signal);
      return { first, changed: join(first, "0") };
    },
  },
];

/** Data that is generated once and kept for later runs. */
async function kept(name: string, signal: AbortSignal, pieces: (first: string) => readonly Piece[]): Promise<DataPaths> {
  const folder = await cached({
    name: `bench-${name}`,
    key: keyOf(SEED, DATA_VERSION),
    signal,
    build: async (unfinished) => {
      const first = join(unfinished, "first");
      await forEachConcurrent(pieces(first), { limit: PROCESSES, signal }, async (piece) => generate(piece, signal));
      await generate({ writer: "changes", seed: SEED, target: join(unfinished, "changed"), of: first }, signal);
    },
  });
  return { first: join(folder, "first"), changed: join(folder, "changed") };
}

async function prepareImage(folder: string, signal: AbortSignal): Promise<DataPaths> {
  const image = "disk.img";
  const paths = { first: join(folder, "image-first"), changed: join(folder, "image-changed") };
  for (const path of Object.values(paths)) await mkdir(path);
  const [before, after] = [join(paths.first, image), join(paths.changed, image)];
  await generate({ writer: "image", seed: SEED, target: before, of: IMAGE_WRITTEN_BYTES }, signal);
  await run("cp", ["--sparse=always", before, after], { signal });
  await generate({ writer: "image", seed: `${SEED}/later`, target: after, of: IMAGE_CHANGED_BYTES }, signal);
  return { ...paths, image };
}
