/** The files in the folder of a local cache: `<type>/<first two digits>/<id>`, and `unfinished/`. */
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { HexId } from "../base/ids.ts";

export const UNFINISHED = "unfinished";
/** No write of a file takes that long: an older one was left by a process that was killed. */
const ABANDONED_AFTER_MS = 3_600_000;
const ID_FORM = /^[0-9a-f]{64}$/;

export interface CachedFile {
  readonly id: HexId;
  readonly path: string;
}

/** All cached files below a folder, in any order. */
export async function* cachedFiles(folder: string): AsyncGenerator<CachedFile, void, undefined> {
  for (const entry of await readFolder(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* cachedFiles(path);
    else if (ID_FORM.test(entry.name)) yield { id: entry.name as HexId, path };
  }
}

/** Removes what was used longest ago until no more than so much is left. */
export async function makeRoom(folder: string, keepBytes: number): Promise<void> {
  const files: { readonly path: string; readonly size: number; readonly mtimeMs: number }[] = [];
  for await (const { path } of cachedFiles(folder)) {
    const found = await lstat(path).catch(ifMissing(undefined));
    if (found !== undefined) files.push({ path, size: found.size, mtimeMs: found.mtimeMs });
  }
  let bytes = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.toSorted((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (bytes <= keepBytes) return;
    await rm(path, { force: true });
    bytes -= size;
  }
}

/** Removes what killed processes left. */
export async function sweepUnfinished(folder: string, nowMs: number): Promise<void> {
  for (const { name } of await readFolder(join(folder, UNFINISHED))) {
    const path = join(folder, UNFINISHED, name);
    const found = await lstat(path).catch(ifMissing(undefined));
    if (found !== undefined && found.mtimeMs < nowMs - ABANDONED_AFTER_MS) await rm(path, { force: true });
  }
}

async function readFolder(path: string): Promise<Awaited<ReturnType<typeof list>>> {
  return list(path).catch(ifMissing([]));
}

async function list(path: string) {
  return readdir(path, { withFileTypes: true });
}

/** Another process may remove anything at any time. */
function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return value;
    throw error;
  };
}
