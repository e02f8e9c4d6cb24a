/**
 * Sees through what somebody with the bucket's credentials can do to locked objects: hide them under a delete marker, or put other bytes on
 * top. The rules are in `object-lock/`: what was deleted while it is under retention or legal hold still counts as there (`standingOf`), and
 * of several versions the one with the right bytes counts (`findRightVersion`). Locks are taken as they come.
 *
 * Little more is asked of the store than without it until an object is missing or has the wrong hash: lists ask for versions instead of
 * objects, with as many requests, and before the first part of a pack is read, which has no hash, the versions of all packs beside it are
 * listed. On a bucket with versions, but no Object Lock, that is left out: there who finds a blob damaged reads the whole pack, once, and gets
 * right bytes, and right parts from then on.
 */
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import type { FindingSink } from "../base/finding.ts";
import type {
  CallOptions,
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectKey,
  ObjectStore,
  ObjectVersions,
  PutOptions,
  Range,
  VersionInfo,
} from "../storage/object-store.ts";
import { objectLocked, objectNotFound, objectTorn } from "../storage/refusals.ts";
import { folderOf } from "./layout.ts";
import { deleteForGood } from "./object-lock/deletion.ts";
import { type AsOf, contentsOf, type History, historyOf, listHistories, type Standing, standingOf } from "./object-lock/history.ts";
import { promisedHash, SINGLE_FILES } from "./object-lock/lockable-files.ts";
import { findRightVersion, type FoundVersion, hasHash } from "./object-lock/right-version.ts";

export interface ReadThroughOptions extends AsOf {
  readonly clock: Clock;
  /** Is told once of each object, or folder in a list, that was tampered with. */
  readonly report: FindingSink;
}

/**
 * The store as it was before anybody tampered with it; the store itself if it keeps no versions. What is deleted through it is deleted
 * for good, or else refused with forbidden/object_locked and left in sight.
 */
export function readThrough(store: ObjectStore, options: ReadThroughOptions): ObjectStore {
  return store.versions === undefined ? store : new ReadThroughStore(store, store.versions, options);
}

class ReadThroughStore implements ObjectStore {
  readonly url: string;
  readonly versions: ObjectVersions;
  readonly locking: ObjectStore["locking"];
  readonly #store: ObjectStore;
  readonly #options: ReadThroughOptions;
  /** What to give instead of the latest version. */
  readonly #right = new Map<ObjectKey, VersionInfo>();
  /** Files of several contents, as lists told. */
  readonly #doubtful = new Set<ObjectKey>();
  /** Prefixes of which all that is doubtful is known, or will be. */
  readonly #looked = new Map<string, Promise<void>>();
  readonly #reported = new Set<string>();

  constructor(store: ObjectStore, versions: ObjectVersions, options: ReadThroughOptions) {
    this.url = store.url;
    this.versions = versions;
    this.locking = store.locking;
    this.#store = store;
    this.#options = options;
  }

  async put(key: ObjectKey, body: Uint8Array, options?: PutOptions): Promise<void> {
    await this.#store.put(key, body, options);
    this.#right.delete(key);
    this.#doubtful.delete(key);
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<Uint8Array> {
    if (!isSeenThrough(key)) return this.#store.get(key, options);
    const known = this.#right.get(key);
    if (known !== undefined) return this.versions.get(key, known.version, options);
    const looking = options.range === undefined ? undefined : this.#lookBeside(key, options);
    const getting = this.#options.asOfMs === undefined ? this.#getPlain(key, options) : objectNotFound(this.url, key);
    const [plain] = await Promise.all([getting, looking]);
    const isTrusted = (bytes: Uint8Array): boolean => (options.range === undefined ? isAsNamed(key, bytes) : !this.#doubtful.has(key));
    if (plain instanceof Uint8Array && isTrusted(plain)) return plain;
    const found = await this.#find(key, options);
    if (found !== undefined) return partOf(this.url, found, options.range);
    if (plain instanceof Uint8Array) return plain;
    throw plain;
  }

  async info(key: ObjectKey, options: CallOptions = {}): Promise<ObjectInfo> {
    const known = this.#right.get(key);
    if (known !== undefined) return known;
    if (this.#options.asOfMs === undefined || !isSeenThrough(key)) {
      try {
        return await this.#store.info(key, options);
      } catch (error) {
        if (!isSeenThrough(key) || !isCode(error, "object_not_found")) throw error;
      }
    }
    const found = await this.#find(key, options);
    if (found === undefined) throw objectNotFound(this.url, key);
    return found.info;
  }

  list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    const isPlain = this.locking === undefined && this.#options.asOfMs === undefined;
    return isPlain || prefix.startsWith(folderOf("locks")) ? this.#store.list(prefix, options) : this.#list(prefix, options);
  }

  async delete(key: ObjectKey, { signal }: CallOptions = {}): Promise<void> {
    const deletion = await deleteForGood(this.#store, key, { clock: this.#options.clock, signal });
    if (deletion.kind === "kept") throw objectLocked(this.url, key, "it is under retention or legal hold");
    this.#right.delete(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }

  /** Finds out, once, what of a folder has several contents. */
  async #lookBeside(key: ObjectKey, { signal }: CallOptions): Promise<void> {
    if (this.locking === undefined || this.#options.asOfMs !== undefined) return;
    const folder = key.slice(0, key.lastIndexOf("/") + 1);
    const known = this.#looked.entries().find(([prefix]) => folder.startsWith(prefix))?.[1];
    const looking = known ?? this.#look(folder, { signal });
    if (known === undefined) this.#looked.set(folder, looking);
    try {
      await looking;
    } catch (error) {
      this.#looked.delete(folder);
      throw error;
    }
  }

  async #look(folder: string, options: CallOptions): Promise<void> {
    for await (const { key, versions } of listHistories(this.versions, folder, options)) {
      if (contentsOf(versions).length > 1) this.#doubtful.add(key);
    }
  }

  /** The bytes, or why there are none that could be the right ones. */
  async #getPlain(key: ObjectKey, options: GetOptions): Promise<Uint8Array | Error> {
    try {
      return await this.#store.get(key, options);
    } catch (error) {
      if (isCode(error, "object_not_found") || isCode(error, "storage_torn") || isCode(error, "storage_too_long")) return error;
      throw error;
    }
  }

  async *#list(prefix: string, options: ListOptions): AsyncGenerator<ObjectInfo, void, undefined> {
    const { asOfMs } = this.#options;
    let hidden = 0;
    let example = "";
    for await (const history of listHistories(this.versions, prefix, { ...options, asOfMs })) {
      if (!isSeenThrough(history.key)) {
        const latest = history.newer[0] ?? history.versions[0];
        if (latest?.isDeleteMarker === false) yield latest;
        continue;
      }
      const standing = await this.#standing(history, options);
      if (standing === "removed") continue;
      const info = await this.#listed(history, options);
      if (info === undefined) continue;
      const isOnly = contentsOf(history.versions).length === 1;
      if (!isOnly) this.#doubtful.add(info.key);
      if (standing === "hidden") {
        if (isOnly) this.#right.set(info.key, info);
        hidden++;
        example = info.key;
      }
      yield info;
    }
    if (options.after === undefined) this.#looked.set(prefix, Promise.resolve());
    if (hidden > 0)
      this.#report(
        "locked_object_hidden",
        prefix,
        `Somebody deleted ${hidden === 1 ? "a locked object" : `${hidden} locked objects`} below "${prefix}", "${example}" for one`,
      );
  }

  /** The latest with content, unless sizes differ: then it takes a look to know which is meant. */
  async #listed(history: History, options: CallOptions): Promise<VersionInfo | undefined> {
    const known = this.#right.get(history.key);
    if (known !== undefined) return known;
    const [latest, ...others] = contentsOf(history.versions);
    const isClear = promisedHash(history.key) === undefined || others.every(({ sizeBytes }) => sizeBytes === latest?.sizeBytes);
    return isClear ? latest : ((await findRightVersion(this.versions, history, options))?.info ?? latest);
  }

  /** Undefined: the object was removed, or no version of it is right. */
  async #find(key: ObjectKey, options: CallOptions): Promise<FoundVersion | undefined> {
    const { asOfMs } = this.#options;
    const { signal } = options;
    const history = await historyOf(this.versions, key, { signal, asOfMs });
    const standing = await this.#standing(history, options);
    if (standing === "removed") return undefined;
    // A single file that is in sight is taken as it is: only its reader knows whether it is right.
    const meant =
      standing === "shown" && promisedHash(key) === undefined ? { ...history, versions: history.versions.slice(0, 1) } : history;
    const found = await findRightVersion(this.versions, meant, { signal });
    if (found === undefined) return undefined;
    this.#right.set(key, found.info);
    if (standing === "hidden") this.#report("locked_object_hidden", key, `Somebody deleted the locked object "${key}"`);
    else if (found.info !== history.versions[0]) this.#report("object_overwritten", key, `Somebody put other bytes over "${key}"`);
    return found;
  }

  async #standing(history: History, { signal }: CallOptions): Promise<Standing> {
    return standingOf(this.#store, history, { nowMs: this.#options.clock.now(), signal });
  }

  #report(code: string, object: string, what: string): void {
    if (this.#reported.has(`${code} ${object}`)) return;
    this.#reported.add(`${code} ${object}`);
    this.#options.report({ grade: "critical", code, object, message: `${what}: read from the versions that the store keeps` });
  }
}

/** What is ours, except for locks. */
function isSeenThrough(key: ObjectKey): boolean {
  return SINGLE_FILES.includes(key) || promisedHash(key) !== undefined;
}

function isAsNamed(key: ObjectKey, bytes: Uint8Array): boolean {
  const id = promisedHash(key);
  return id === undefined || hasHash(bytes, id);
}

function partOf(url: string, { info, bytes }: FoundVersion, range: Range | undefined): Uint8Array {
  if (range === undefined) return bytes;
  if (range.offset + range.length > bytes.length) throw objectTorn(url, info.key, range, bytes.length);
  return bytes.slice(range.offset, range.offset + range.length);
}

function isCode(error: unknown, code: string): error is DomainError {
  return error instanceof DomainError && error.code === code;
}
