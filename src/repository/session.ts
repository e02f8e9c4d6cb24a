/** What work on a repository begins with: a lock, the index, and the snapshots. */
import type { Clock } from "../base/clock.ts";
import type { FindingSink } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import { availableParallelism } from "node:os";
import type { BlobIndex } from "./index/blob-index.ts";
import type { LocalCache } from "./local-cache.ts";
import { acquireLock, type LockWait, type RepositoryLock } from "./lock.ts";
import { ownIdentity } from "./lock-process.ts";
import { openIndex, type OpenedIndex } from "./open-index.ts";
import type { Repository } from "./repository.ts";
import { listSnapshots, type StoredSnapshot } from "./snapshots.ts";

export interface SessionOptions {
  /** `shared` to add, `exclusive` to remove, `none` to read with credentials that cannot write. */
  readonly lock: "shared" | "exclusive" | "none";
  readonly cache?: LocalCache | undefined;
  /** How long to wait for others. @default 0 */
  readonly retryLockMs?: number | undefined;
  readonly onWait?: ((wait: LockWait) => void) | undefined;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

export interface Session extends AsyncDisposable {
  readonly repository: Repository;
  readonly cache: LocalCache | undefined;
  readonly index: BlobIndex;
  /** The files that the index was read from. */
  readonly indexFiles: ReadonlySet<HexId>;
  /** Whether all of them could be read: otherwise blobs may be there that it does not name. */
  readonly isIndexWhole: boolean;
  /** The oldest first. */
  readonly snapshots: readonly StoredSnapshot[];
  /** To work under: aborts as the caller's does, and when the lock is lost. */
  readonly signal: AbortSignal;
  /** Asked right before a write that must not happen without the lock. */
  readonly throwIfLost: () => void;
}

/** Index files are opened by so many threads at most: more would wait for memory. */
const MAX_INDEX_THREADS = 4;

/**
 * Reports what is damaged. Waiting for the lock and reading go on at the same time; what was read counts only if no index file was
 * removed until the lock was held.
 *
 * @throws {DomainError} locked/repository_locked
 */
export async function openSession(repository: Repository, options: SessionOptions): Promise<Session> {
  const { cache, report } = options;
  const locking = options.lock === "none" ? undefined : holdLock(repository, options);
  // A failure is thrown where it is awaited; until then it must not count as one that nobody looks at.
  locking?.catch(() => undefined);
  const reading = readWhenFit(repository, options, locking);
  reading.catch(() => undefined);
  const lock = await locking;
  try {
    const signal = lock?.signal ?? options.signal;
    let { opened, listed } = await reading;
    if (lock !== undefined && (await isOutdated(repository, opened, signal))) ({ opened, listed } = await readAll(repository, options));
    for (const finding of [...opened.findings, ...listed.findings]) report(finding);
    return {
      repository,
      cache,
      index: opened.index,
      indexFiles: opened.files,
      isIndexWhole: opened.findings.length === 0,
      snapshots: listed.snapshots,
      signal,
      throwIfLost: () => lock?.throwIfLost(),
      [Symbol.asyncDispose]: async () => lock?.[Symbol.asyncDispose](),
    };
  } catch (error) {
    await lock?.[Symbol.asyncDispose]();
    throw error;
  }
}

/** Who may remove must know what others added until the lock was held. */
async function readWhenFit(repository: Repository, options: SessionOptions, locking: Promise<unknown> | undefined): Promise<Reading> {
  if (options.lock === "exclusive") await locking;
  return readAll(repository, options);
}

async function holdLock(
  repository: Repository,
  { lock, clock, retryLockMs, onWait, report, signal }: SessionOptions,
): Promise<RepositoryLock> {
  const identity = await ownIdentity();
  return acquireLock(repository.files, { exclusive: lock === "exclusive", clock, identity, retryLockMs, onWait, report, signal });
}

interface Reading {
  readonly opened: OpenedIndex;
  readonly listed: Awaited<ReturnType<typeof listSnapshots>>;
}

async function readAll(repository: Repository, { cache, signal }: SessionOptions): Promise<Reading> {
  const threads = Math.min(availableParallelism(), MAX_INDEX_THREADS);
  // Snapshots first: what one that is listed needs is in an index file that was written before.
  const listed = await listSnapshots(repository, { cache, signal });
  const opened = await openIndex(repository, { cache, threads, signal });
  return { opened, listed };
}

async function isOutdated(repository: Repository, { files }: OpenedIndex, signal: AbortSignal): Promise<boolean> {
  const now = await Array.fromAsync(repository.files.list("index", { signal }), ({ id }) => id);
  return files.difference(new Set(now)).size > 0;
}
