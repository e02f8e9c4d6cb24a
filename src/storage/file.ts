/** A store in a local folder: one file an object, in the layout that restic's local repositories have. */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, readdir, rename, rm, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import { makeFolder } from "./make-folder.ts";
import type { GetOptions, ListOptions, ObjectInfo, ObjectKey, ObjectStore, PutOptions } from "./object-store.ts";
import { parseObjectKey } from "./object-store.ts";
import { compareKeys } from "./order.ts";
import { writeDurably } from "./write-durably.ts";
import { objectExists, objectNotFound, objectTooLong, objectTorn } from "./refusals.ts";

/** Where objects are written before they get their name. A dot keeps it apart from keys that restic or we use. */
const UNFINISHED = ".unfinished";
/** No put takes that long: what is older was left by a writer that was killed. */
const ABANDONED_AFTER_MS = 24 * 3_600_000;
/** How often the folder of an object is made again that somebody else took away because it was empty. */
const FOLDER_ATTEMPTS = 10;
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

export class FileStore implements ObjectStore {
  readonly url: string;
  readonly #root: string;
  readonly #clock: Clock;
  /** Folders that were not there before: they go again with the last object in them. */
  readonly #made = new Set<string>();
  #swept: Promise<void> | undefined;

  /** @param root Absolute path. It is made when the first object is put. */
  constructor(root: string, clock: Clock) {
    this.#root = root;
    this.#clock = clock;
    this.url = pathToFileURL(root).href;
  }

  async put(key: ObjectKey, body: Uint8Array, { signal, ifAbsent = false }: PutOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const target = join(this.#root, key);
    const unfinished = join(this.#root, UNFINISHED, randomUUID());
    try {
      await this.#makeFolder(dirname(unfinished));
      await (this.#swept ??= this.#sweep());
      await writeDurably(unfinished, body, FILE_MODE);
      signal?.throwIfAborted();
      // A link fails where there is a file already; a rename replaces it.
      await this.#move(ifAbsent ? link : rename, unfinished, target);
    } catch (error) {
      throw this.#failure(key, error);
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  async get(key: ObjectKey, { signal, range, maxBytes = Infinity }: GetOptions = {}): Promise<Uint8Array> {
    signal?.throwIfAborted();
    try {
      await using file = await open(join(this.#root, key), constants.O_RDONLY | constants.O_NOFOLLOW);
      const { size } = await file.stat();
      if (size > maxBytes) throw objectTooLong(this.url, key, maxBytes);
      const { offset, length } = range ?? { offset: 0, length: size };
      if (offset + length > size) throw objectTorn(this.url, key, { offset, length }, size);
      return await this.#read(file, key, { offset, length });
    } catch (error) {
      throw this.#failure(key, error);
    }
  }

  async info(key: ObjectKey): Promise<ObjectInfo> {
    try {
      const found = await lstat(join(this.#root, key));
      if (!found.isFile()) throw objectNotFound(this.url, key);
      return { key, sizeBytes: found.size, modifiedMs: found.mtimeMs };
    } catch (error) {
      throw this.#failure(key, error);
    }
  }

  async *list(prefix: string, { signal, after }: ListOptions = {}): AsyncGenerator<ObjectInfo, void, undefined> {
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    for await (const key of this.#walk(folder, prefix, signal)) {
      if (after !== undefined && compareKeys(key, after) <= 0) continue;
      const info = await this.info(key).catch((error: unknown) => {
        if (error instanceof DomainError && error.code === "object_not_found") return undefined; // deleted since the folder was read
        throw error;
      });
      if (info !== undefined) yield info;
    }
  }

  async delete(key: ObjectKey): Promise<void> {
    try {
      await unlink(join(this.#root, key));
    } catch (error) {
      if (!isMissing(error)) throw this.#failure(key, error);
    }
    await this.#removeEmpty(dirname(join(this.#root, key)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held between calls.
  }

  async #makeFolder(path: string): Promise<void> {
    try {
      for (const made of await makeFolder(path, DIRECTORY_MODE)) this.#made.add(made);
    } catch (error) {
      if (!isMissing(error)) throw error;
      throw new DomainError("not-found", "storage_no_folder", `Cannot use ${this.url}: no folder can be made there`, { cause: error });
    }
  }

  /** Gives a finished file its name, durably. */
  async #move(by: typeof rename, unfinished: string, target: string): Promise<void> {
    const folder = dirname(target);
    for (let attempt = 1; ; attempt++) {
      await this.#makeFolder(folder);
      try {
        await by(unfinished, target);
        break;
      } catch (error) {
        if (!isMissing(error) || attempt === FOLDER_ATTEMPTS) throw error;
      }
    }
    await syncDirectory(folder).catch((error: unknown) => {
      // The object was deleted again, and its folder with it.
      if (!isMissing(error)) throw error;
    });
  }

  async #removeEmpty(folder: string): Promise<void> {
    for (let path = folder; path !== this.#root && this.#made.has(path); path = dirname(path)) {
      const isGone = await rmdir(path).then(
        () => true,
        () => false,
      );
      if (!isGone) return;
      this.#made.delete(path);
    }
  }

  /** Removes what killed writers left. */
  async #sweep(): Promise<void> {
    const folder = join(this.#root, UNFINISHED);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const found = await lstat(path).catch(() => undefined); // another writer may sweep too
      if (found !== undefined && found.mtimeMs < this.#clock.now() - ABANDONED_AFTER_MS) await rm(path, { force: true });
    }
  }

  async *#walk(folder: string, prefix: string, signal: AbortSignal | undefined): AsyncGenerator<ObjectKey, void, undefined> {
    signal?.throwIfAborted();
    const entries = await readdir(join(this.#root, folder), { withFileTypes: true }).catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return [];
      if (code !== "ENOTDIR" || folder !== "") throw this.#failure(folder, error);
      throw new DomainError("not-found", "storage_no_folder", `Cannot use ${this.url}: it is no folder`, { cause: error });
    });
    // With its slash a folder stands where the keys in it belong.
    const names = entries
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    for (const name of names.toSorted(compareKeys)) {
      const path = `${folder}${name}`;
      if (path === `${UNFINISHED}/` || !(path.startsWith(prefix) || prefix.startsWith(path))) continue;
      if (name.endsWith("/")) yield* this.#walk(path, prefix, signal);
      else if (isKey(path)) yield path;
    }
  }

  async #read(
    file: FileHandle,
    key: ObjectKey,
    { offset, length }: { readonly offset: number; readonly length: number },
  ): Promise<Uint8Array> {
    // Not zeroed first: all of it is read into, or nobody gets it.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    for (let at = 0; at < length;) {
      const { bytesRead } = await file.read(bytes, at, length - at, offset + at);
      if (bytesRead === 0) throw objectTorn(this.url, key, { offset, length }, offset + at);
      at += bytesRead;
    }
    return bytes;
  }

  #failure(key: string, error: unknown): unknown {
    if (error instanceof DomainError || !(error instanceof Error) || error.name === "AbortError") return error;
    const { code } = error as NodeJS.ErrnoException;
    switch (code) {
      case "ENOENT":
      case "EISDIR":
      case "ELOOP": // a link, which is no object
      case "ENOTDIR":
        return objectNotFound(this.url, key as ObjectKey, error);
      case "EEXIST":
        return objectExists(this.url, key as ObjectKey, error);
      case "EACCES":
      case "EPERM":
      case "EROFS":
        return new DomainError("forbidden", "storage_forbidden", `Cannot use "${key}" in ${this.url}: permission denied`, { cause: error });
      case "ENOSPC":
      case "EDQUOT":
        return new DomainError("unavailable", "storage_full", `Cannot write "${key}" in ${this.url}: no space left`, {
          cause: error,
          hint: "Free some space on that disk, or remove old points with forget and prune",
        });
      default:
        return new DomainError("unavailable", "storage_unavailable", `Cannot use "${key}" in ${this.url}: ${error.message}`, {
          cause: error,
        });
    }
  }
}

function isKey(path: string): path is ObjectKey {
  try {
    return parseObjectKey(path) === path;
  } catch {
    return false;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

/** Makes the name durable too, not only the content. */
async function syncDirectory(path: string): Promise<void> {
  await using folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await folder.sync();
}
