import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { requireSpace } from "./disk-space.ts";
import { lockFile } from "./lock.ts";

export interface Artifact {
  /** What it is, for people and for the folder's name: `kubernetes-1.36`, `image-postgres`. */
  readonly name: string;
  /** Changes when anything that it is built from changes; see {@link keyOf}. */
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
  /** What nobody has used for so long goes when another of the name is built. @default 14 */
  readonly unusedDays?: number | undefined;
  /** Fills an empty folder. Killed half way, the folder is thrown away. */
  build(folder: string): Promise<void>;
}

const UNUSED_DAYS = 14;
const DAY_MS = 86_400_000;
/** Below this a build would fail half way; the largest one, Kubernetes, takes 3 GiB with its compiler cache. */
const BUILD_BYTES = 4 * 1024 ** 3;

/** The folder for everything that is built once and used by every checkout: `HOLDFAST_CACHE`, else the user's cache folder. */
export function cacheRoot(): string {
  return process.env["HOLDFAST_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "holdfast");
}

/** A short key over texts and bytes; their order and their borders count. */
export function keyOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 16);
}

/** A key over names and contents of all regular files below a folder that `include` accepts. */
export async function keyOfFiles(folder: string, include: (path: string) => boolean = () => true): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const parts: (string | Uint8Array)[] = [];
  for (const path of paths.filter(include).toSorted()) parts.push(path.slice(folder.length), await readFile(path));
  return keyOf(...parts);
}

/**
 * Returns the folder of an artifact and builds it first if the cache does not hold it: once, even if several processes ask at the
 * same time. Folders of the same name that nobody used for long are removed.
 *
 * @throws {DomainError} unavailable/disk_full: too little space to start a build.
 */
export async function cached(artifact: Artifact): Promise<string> {
  const parent = join(cacheRoot(), artifact.name);
  const folder = join(parent, artifact.key);
  if (await markUsed(folder)) return folder;
  await using _lock = await lockFile(join(parent, "lock"), artifact.signal, (holder) =>
    process.stderr.write(`Waiting for process ${holder}, which builds ${artifact.name}\n`),
  );
  if (await markUsed(folder)) return folder;
  await requireSpace(parent, BUILD_BYTES, `build ${artifact.name}`, "set HOLDFAST_CACHE to a folder on a larger disk");
  await removeUnused(parent, artifact.unusedDays ?? UNUSED_DAYS);
  const unfinished = join(parent, "unfinished");
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished);
  const started = performance.now();
  process.stderr.write(`Building ${artifact.name}\n`);
  await artifact.build(unfinished);
  await rename(unfinished, folder);
  process.stderr.write(`Built ${artifact.name} in ${Math.round((performance.now() - started) / 1000)} s\n`);
  return folder;
}

async function markUsed(folder: string): Promise<boolean> {
  const now = new Date();
  return utimes(folder, now, now).then(
    () => true,
    () => false,
  );
}

async function removeUnused(parent: string, days: number): Promise<void> {
  const oldest = Date.now() - days * DAY_MS;
  for (const entry of await readdir(parent, { withFileTypes: true })) {
    const path = join(parent, entry.name);
    if (entry.isDirectory() && (await stat(path)).mtimeMs < oldest) await rm(path, { recursive: true, force: true });
  }
}
