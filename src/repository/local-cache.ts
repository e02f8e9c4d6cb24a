/**
 * A local copy of files that a repository names by their SHA-256: indexes, snapshots and packs of trees. They stay sealed, and what is
 * read is hashed, so that a damaged or forged copy is never given out. The cache only makes things faster: nothing that goes wrong in it
 * fails a command.
 *
 * Several processes may share it. Files appear whole, by rename; each may go at any time, and is then read from the repository again.
 */
import { randomUUID, subtle } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { FindingSink } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import { makeFolder } from "../storage/make-folder.ts";
import { cachedFiles, makeRoom, sweepUnfinished, UNFINISHED } from "./local-cache-files.ts";

export type CachedType = "data" | "index" | "snapshots";

export interface LocalCache {
  /** Bytes whose SHA-256 is the id; undefined if they are not here. */
  readonly get: (type: CachedType, id: HexId) => Promise<Uint8Array | undefined>;
  readonly put: (type: CachedType, id: HexId, bytes: Uint8Array) => Promise<void>;
  /** Drops all others of the type: the repository has them no more. */
  readonly keepOnly: (type: CachedType, ids: ReadonlySet<HexId>) => Promise<void>;
}

export interface LocalCacheOptions {
  readonly clock: Clock;
  /** @default 8 GiB */
  readonly maxBytes?: number | undefined;
  /** Told once if the cache cannot be used. */
  readonly report: FindingSink;
}

/** The index and the trees of some ten million blobs. */
const MAX_BYTES = 8 * 1024 ** 3;
/** Of the bound: after so much was put, what others put meanwhile is counted too. */
const COUNT_AFTER = 0.1;
/** A file that is used is marked so at most this often. */
const TOUCH_AFTER_MS = 3_600_000;
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
/** Cache Directory Tagging Specification: backup programs pass the folder over. */
const TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by holdfast; it may be deleted at any time.\n";

/**
 * Where the cache of a repository lies.
 *
 * @param parent What `--cache-dir` says. @default `holdfast/repositories` in the user's folder for caches
 */
export function cacheFolder(
  repository: HexId,
  parent: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  // XDG Base Directory Specification: a relative path is to be ignored.
  const { XDG_CACHE_HOME: named = "", HOME: home = homedir() } = environment;
  const caches = isAbsolute(named) ? named : join(home, ".cache");
  return join(parent ?? join(caches, "holdfast", "repositories"), repository);
}

/** Nothing is made before something is put. */
export function openLocalCache(folder: string, options: LocalCacheOptions): LocalCache {
  return new FolderCache(folder, options);
}

class FolderCache implements LocalCache {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #report: FindingSink;
  #prepared: Promise<void> | undefined;
  #isWritable = true;
  #isReported = false;
  /** How much may be put before the cache is counted again. */
  #roomBytes = 0;
  #makingRoom: Promise<void> | undefined;

  constructor(folder: string, { clock, maxBytes = MAX_BYTES, report }: LocalCacheOptions) {
    this.#folder = folder;
    this.#clock = clock;
    this.#maxBytes = maxBytes;
    this.#report = report;
  }

  async get(type: CachedType, id: HexId): Promise<Uint8Array | undefined> {
    const path = this.#path(type, id);
    try {
      const bytes = await readFile(path);
      if (new Uint8Array(await subtle.digest("SHA-256", bytes)).toHex() === id) {
        // A cache that can only be read is still of use.
        await this.#touch(path).catch((error: unknown) => this.#failed(error));
        return bytes;
      }
      await rm(path, { force: true });
    } catch (error) {
      this.#failed(error);
    }
    return undefined;
  }

  async put(type: CachedType, id: HexId, bytes: Uint8Array): Promise<void> {
    if (!this.#isWritable || bytes.length > this.#maxBytes) return;
    const path = this.#path(type, id);
    const unfinished = join(this.#folder, UNFINISHED, randomUUID());
    try {
      await (this.#prepared ??= this.#prepare());
      await this.#reserve(bytes.length);
      await makeFolder(dirname(path), DIRECTORY_MODE);
      await writeFile(unfinished, bytes, { flag: "wx", mode: FILE_MODE });
      await this.#setUsed(unfinished);
      await rename(unfinished, path);
    } catch (error) {
      this.#isWritable = false;
      this.#failed(error, "write");
      await rm(unfinished, { force: true }).catch(() => undefined);
    }
  }

  async keepOnly(type: CachedType, ids: ReadonlySet<HexId>): Promise<void> {
    try {
      for await (const { id, path } of cachedFiles(join(this.#folder, type))) if (!ids.has(id)) await rm(path, { force: true });
    } catch (error) {
      this.#failed(error);
    }
  }

  #path(type: CachedType, id: HexId): string {
    return join(this.#folder, type, id.slice(0, 2), id);
  }

  async #prepare(): Promise<void> {
    await makeFolder(join(this.#folder, UNFINISHED), DIRECTORY_MODE);
    await writeFile(join(this.#folder, "CACHEDIR.TAG"), TAG, { mode: FILE_MODE });
    await sweepUnfinished(this.#folder, this.#clock.now());
  }

  /** One count at a time, however many puts are under way. */
  async #reserve(bytes: number): Promise<void> {
    while (this.#roomBytes < bytes) await (this.#makingRoom ??= this.#makeRoom(bytes).finally(() => (this.#makingRoom = undefined)));
    this.#roomBytes -= bytes;
  }

  async #makeRoom(bytes: number): Promise<void> {
    const wanted = Math.max(bytes, this.#maxBytes * COUNT_AFTER);
    await makeRoom(this.#folder, this.#maxBytes - wanted);
    this.#roomBytes = wanted;
  }

  async #touch(path: string): Promise<void> {
    const { mtimeMs } = await stat(path);
    if (this.#clock.now() - mtimeMs > TOUCH_AFTER_MS) await this.#setUsed(path);
  }

  async #setUsed(path: string): Promise<void> {
    const seconds = this.#clock.now() / 1_000;
    await utimes(path, seconds, seconds);
  }

  /** What is not there is only not cached; another process may have removed it. */
  #failed(error: unknown, action: "read" | "write" = "read"): void {
    const { code, message } = error as NodeJS.ErrnoException;
    if (this.#isReported || (action === "read" && code === "ENOENT")) return;
    this.#isReported = true;
    this.#report({
      grade: "info",
      code: "cache_unusable",
      object: this.#folder,
      message: `Cannot ${action} the local cache, so the command may be slower: ${message}`,
    });
  }
}
