/** The store of a command: counted, and tried again where that can help. */
import { DomainError } from "../base/errors.ts";
import { errorText } from "../base/error-text.ts";
import type { FindingSink } from "../base/finding.ts";
import { retry } from "../base/retry.ts";
import { counting, type Traffic } from "../storage/counting.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { openStore } from "../storage/open.ts";
import { retrying, type StoreRetryOptions } from "../storage/retrying.ts";
import type { CommandContext } from "./context.ts";
import { formatDuration } from "./duration.ts";

/** A person waits for the first answer, and may have mistyped the endpoint. */
const OPENING_LIMIT_MS = 15_000;
const OPENING_RETRIES = { maxAttempts: 4, maxElapsedMs: OPENING_LIMIT_MS, firstDelayMs: 500, maxDelayMs: 5000 };
/** A long run outlasts a restart of the storage. */
const RUNNING_RETRIES = { maxAttempts: 30, maxElapsedMs: 15 * 60_000, firstDelayMs: 500, maxDelayMs: 60_000 };

export interface OpenedStore {
  readonly store: ObjectStore;
  /** So far. */
  readonly traffic: Traffic;
}

/**
 * Opens a store whose calls are tried again where that can help; what had to be is reported.
 *
 * @throws {DomainError} as `openStore` does
 */
export async function openRetryingStore(url: string, context: CommandContext, report: FindingSink): Promise<OpenedStore> {
  const { clock, environment, signal } = context;
  const onRetry: StoreRetryOptions["onRetry"] = ({ error, delayMs }) => {
    const [message] = errorText(error).split("\n", 1);
    report({ grade: "info", code: "storage_retry", object: url, message: `${message}; next try in ${formatDuration(delayMs)}` });
  };
  const limit = new AbortController();
  const opening = AbortSignal.any([signal, limit.signal]);
  const opened = new AbortController();
  const timer = clock.sleep(OPENING_LIMIT_MS, AbortSignal.any([signal, opened.signal])).then(
    () => limit.abort(noAnswer(url)),
    () => undefined,
  );
  let store: ObjectStore;
  try {
    store = await retry(async () => openStore(url, { clock, environment, signal: opening }), {
      clock,
      signal: opening,
      onRetry,
      ...OPENING_RETRIES,
    });
  } finally {
    opened.abort();
    await timer;
  }
  const counted = counting(store);
  return { store: retrying(counted.store, { clock, onRetry, ...RUNNING_RETRIES }), traffic: counted.traffic };
}

function noAnswer(url: string): DomainError {
  const seconds = formatDuration(OPENING_LIMIT_MS);
  return new DomainError("unavailable", "storage_unavailable", `Cannot open ${url}: no answer for ${seconds}`, {
    hint: "Check the endpoint of the storage, and what stands between",
  });
}
