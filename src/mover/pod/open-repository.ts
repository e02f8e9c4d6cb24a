/** The one repository that a mover has the password of, as everybody sees it who adds to it. */
import type { Clock } from "../../base/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import { retry, type RetryEvent } from "../../base/retry.ts";
import { underRetention } from "../../repository/object-lock/under-retention.ts";
import { readThrough } from "../../repository/read-through.ts";
import { openRepository, type Repository } from "../../repository/repository.ts";
import { openStore } from "../../storage/open.ts";
import { retrying } from "../../storage/retrying.ts";
import type { ReadWork } from "./read-work.ts";

export interface MoverParts {
  readonly clock: Clock;
  readonly environment: Record<string, string | undefined>;
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

export interface OpenedRepository extends AsyncDisposable {
  readonly repository: Repository;
}

/** The network of a pod may be ready only a moment after the pod; an endpoint that is wrong is to be told soon. */
const OPENING_LIMIT_MS = 30_000;
/** A long transfer outlasts a restart of the storage. */
const RETRIES = { maxAttempts: 30, maxElapsedMs: 15 * 60_000, firstDelayMs: 500, maxDelayMs: 60_000 };

/** @throws {DomainError} conflict/other_repository: another one is in its place; and as openStore() and openRepository() do */
export async function openUnitRepository(work: ReadWork, parts: MoverParts): Promise<OpenedRepository> {
  const { clock, environment, report } = parts;
  await using owned = new AsyncDisposableStack();
  using limit = new Deadline(clock, OPENING_LIMIT_MS);
  const signal = AbortSignal.any([parts.signal, limit.signal]);
  let last: unknown;
  const options = {
    clock,
    ...RETRIES,
    onRetry: ({ error }: RetryEvent) => {
      last = error;
      report({ grade: "info", code: "storage_retry", object: "the repository", message: asDomainError(error).message });
    },
  };
  try {
    const plain = await retry(async () => openStore(work.repository, { clock, environment, signal }), { ...options, signal });
    const store = owned.use(retrying(plain, options));
    const secret = { kind: "password", password: work.password } as const;
    const opened = await openRepository(readThrough(store, { clock, report }), secret, { signal });
    if (opened.config.id !== work.repositoryId) throw otherRepository(store.url);
    const { repository } = await underRetention(opened, { clock, signal });
    for (const finding of repository.findings) report(finding);
    const kept = owned.move();
    return { repository, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  } catch (error) {
    throw limit.signal.aborted && last !== undefined ? last : error;
  }
}

function otherRepository(url: string): DomainError {
  return new DomainError("conflict", "other_repository", `Cannot use repository "${url}": another one is there`, {
    hint: "A folder has to be the same on all nodes: use a bucket, or a file system that is mounted everywhere",
  });
}
