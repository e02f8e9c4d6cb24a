/**
 * Gives other programs back what `read-through.ts` sees: puts the right version of each file on top again. Where only delete markers lie
 * over it these are taken away; else it is copied, and retained as it was. It can be repeated: what is right is left alone.
 */
import { forEachConcurrent } from "../base/concurrency.ts";
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import type { FindingSink } from "../base/finding.ts";
import type { ObjectKey, ObjectStore, ObjectVersions, VersionInfo } from "../storage/object-store.ts";
import { type AsOf, contentsOf, type History, listHistories, lockEndMs, standingOf } from "./object-lock/history.ts";
import { promisedHash, SINGLE_FILES } from "./object-lock/lockable-files.ts";
import { findRightVersion, hasHash } from "./object-lock/right-version.ts";
import { isRightFile } from "./object-lock/single-files.ts";
import type { Repository } from "./repository.ts";

export interface UndeleteOptions extends AsOf {
  /** Only says what would be done. */
  readonly dryRun: boolean;
  readonly clock: Clock;
  /** Is told of what no version is right of. */
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

export interface Undeleted {
  readonly key: ObjectKey;
  readonly was: "deleted" | "overwritten";
}

const CONCURRENT_FILES = 8;

/**
 * Undoes what was done to locked files, and with `asOfMs` every deletion and every overwriting since then, of files without a lock, too.
 * What came later is not removed.
 *
 * @returns what was given back, by key
 * @throws {DomainError} unsupported/object_versions: the store keeps none
 */
export async function undelete(repository: Repository, options: UndeleteOptions): Promise<readonly Undeleted[]> {
  const { store } = repository;
  const { versions } = store;
  const { signal } = options;
  if (versions === undefined) {
    throw new DomainError("unsupported", "object_versions", `Cannot undelete in "${store.url}": it keeps no versions`, {
      hint: "Use a bucket with versioning, or better with Object Lock",
    });
  }
  const undeleted: Undeleted[] = [];
  const histories = listHistories(versions, "", { asOfMs: options.asOfMs, signal });
  await forEachConcurrent(histories, { limit: CONCURRENT_FILES, signal }, async (history, signalOfAll) => {
    const done = await new Repair(repository, versions, { ...options, signal: signalOfAll }).run(history);
    if (done !== undefined) undeleted.push({ key: history.key, was: done });
  });
  return undeleted.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

class Repair {
  readonly #repository: Repository;
  readonly #store: ObjectStore;
  readonly #versions: ObjectVersions;
  readonly #options: UndeleteOptions;

  constructor(repository: Repository, versions: ObjectVersions, options: UndeleteOptions) {
    this.#repository = repository;
    this.#store = repository.store;
    this.#versions = versions;
    this.#options = options;
  }

  /** Gives what was wrong; undefined: nothing, or nothing to be done about it. */
  async run(history: History): Promise<Undeleted["was"] | undefined> {
    const { clock, report, signal, dryRun } = this.#options;
    const { key, newer, versions } = history;
    if (!SINGLE_FILES.includes(key) && promisedHash(key) === undefined) return undefined;
    const all = [...newer, ...versions];
    if (await this.#isRightOnTop(all)) return undefined;
    if ((await standingOf(this.#store, history, { nowMs: clock.now(), signal })) === "removed") return undefined;
    const right = await this.#findRight(history);
    if (right === undefined) {
      const message = `Cannot undelete "${key}": none of its versions has the right bytes`;
      report({ grade: "critical", code: "no_right_version", object: key, message });
      return undefined;
    }
    const above = all.slice(0, all.indexOf(right));
    const isDeleted = above.every(({ isDeleteMarker }) => isDeleteMarker);
    if (!dryRun && !(isDeleted && (await this.#removeMarkers(above)))) await this.#copy(right);
    return all[0]?.isDeleteMarker === true ? "deleted" : "overwritten";
  }

  /** The only content that a file ever had is taken for right: there is nothing better. */
  async #isRightOnTop(all: readonly VersionInfo[]): Promise<boolean> {
    const [top] = all;
    if (top === undefined || top.isDeleteMarker) return false;
    return contentsOf(all).length === 1 || this.#isRight(top.key, await this.#get(top));
  }

  async #findRight(history: History): Promise<VersionInfo | undefined> {
    const contents = contentsOf(history.versions);
    if (contents.length === 1) return contents[0];
    const isRight = (bytes: Uint8Array): boolean => isRightFile(this.#repository, history.key, bytes);
    return (await findRightVersion(this.#versions, history, { isRight, signal: this.#options.signal }))?.info;
  }

  /** False if the store does not let us. */
  async #removeMarkers(markers: readonly VersionInfo[]): Promise<boolean> {
    try {
      for (const { key, version } of markers) await this.#versions.delete(key, version, { signal: this.#options.signal });
      return true;
    } catch (error) {
      if (error instanceof DomainError && error.kind === "forbidden") return false;
      throw error;
    }
  }

  async #copy(info: VersionInfo): Promise<void> {
    const { clock, signal } = this.#options;
    const bytes = await this.#get(info);
    const untilMs = await lockEndMs(this.#store, info, { nowMs: clock.now(), signal });
    const retainUntilMs = untilMs === undefined || !Number.isFinite(untilMs) ? undefined : untilMs;
    await this.#store.put(info.key, bytes, { retainUntilMs, signal });
  }

  async #get({ key, version }: VersionInfo): Promise<Uint8Array> {
    return this.#versions.get(key, version, { signal: this.#options.signal });
  }

  #isRight(key: ObjectKey, bytes: Uint8Array): boolean {
    const id = promisedHash(key);
    return id === undefined ? isRightFile(this.#repository, key, bytes) : hasHash(bytes, id);
  }
}
