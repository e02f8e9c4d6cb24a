/** The locks that others have on a repository, and which of them count. */
import { mapConcurrent } from "../base/concurrency.ts";
import { DomainError } from "../base/errors.ts";
import type { HexId } from "../base/ids.ts";
import { tooManyLocks } from "./lock-errors.ts";
import { type LockFile, parseLockFile } from "./format/lock-file.ts";
import type { FileInfo, SealedFiles } from "./sealed-files.ts";

export type LockFiles = Pick<SealedFiles, "list" | "load" | "seal" | "put" | "save" | "remove">;

export interface ListedLock {
  readonly id: HexId;
  /** When it was refreshed last, by the store's clock. */
  readonly modifiedMs: number;
  /** Undefined if it cannot be read: then anybody may hold it, exclusively. */
  readonly holder: LockFile | undefined;
}

/** No lock is as old: its holder refreshes it every 5 minutes, and stops after 20, or 22.5 if it is restic. restic's figure. */
const STALE_AFTER_MS = 30 * 60_000;

/** restic's have about 300 bytes. */
const MAX_LOCK_BYTES = 64 * 1024;
/** restic leaves those of killed processes for ever. */
const MAX_LOCK_FILES = 10_000;
const LOADS_AT_ONCE = 8;
/** Then a file that is listed and cannot be loaded counts as one that cannot be read. */
const MAX_ROUNDS = 10;

export interface LocksSeen {
  /** Our own file. */
  readonly own: FileInfo | undefined;
  readonly others: readonly ListedLock[];
  /** What uploads that broke off leave behind on some stores. No locks: their writers have not looked for ours yet. */
  readonly empty: readonly FileInfo[];
}

export class LockList {
  readonly #files: LockFiles;
  readonly #maxFiles: number;
  /** A file named by its content never changes. */
  readonly #known = new Map<HexId, LockFile | undefined>();

  constructor(files: LockFiles, maxFiles: number = MAX_LOCK_FILES) {
    this.#files = files;
    this.#maxFiles = maxFiles;
  }

  /** @throws {DomainError} locked/too_many_locks */
  async look(own: HexId | undefined, signal: AbortSignal | undefined): Promise<LocksSeen> {
    for (let round = 1; ; round++) {
      const files = await this.#list(signal);
      const others = files.filter(({ id, sizeBytes }) => id !== own && sizeBytes > 0);
      const unread = others.filter(({ id }) => !this.#known.has(id));
      const isThere = await mapConcurrent(unread, { limit: LOADS_AT_ONCE, signal }, (file, loadSignal) => this.#load(file, loadSignal));
      // A holder that refreshes writes its new file before it removes the old one: the next list has it.
      if (isThere.includes(false) && round < MAX_ROUNDS) continue;
      return {
        own: files.find(({ id }) => id === own),
        others: others.map(({ id, modifiedMs }) => ({ id, modifiedMs, holder: this.#known.get(id) })),
        empty: files.filter(({ id, sizeBytes }) => id !== own && sizeBytes === 0),
      };
    }
  }

  async #list(signal: AbortSignal | undefined): Promise<readonly FileInfo[]> {
    const found: FileInfo[] = [];
    for await (const file of this.#files.list("locks", { signal })) {
      if (found.push(file) > this.#maxFiles) throw tooManyLocks(this.#maxFiles);
    }
    return found;
  }

  /** False if the file is not there any more. */
  async #load({ id, sizeBytes }: FileInfo, signal: AbortSignal): Promise<boolean> {
    try {
      const holder = sizeBytes > MAX_LOCK_BYTES ? undefined : parseLockFile(await this.#files.load("locks", id, { signal }));
      this.#known.set(id, holder);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error.code === "object_not_found") return false;
      if (error.kind !== "corrupt") throw error;
      this.#known.set(id, undefined);
    }
    return true;
  }
}

/** Whether two locks exclude each other. What cannot be read may be exclusive. */
export function conflicts({ holder }: ListedLock, exclusive: boolean): boolean {
  return exclusive || holder === undefined || holder.exclusive;
}

/**
 * Old by the store's clock: `nowMs` is when that wrote a file of ours. The clocks of the two hosts play no part.
 */
export function isStale({ modifiedMs }: ListedLock, nowMs: number): boolean {
  return nowMs - modifiedMs > STALE_AFTER_MS;
}
