/** The store of a command: counted, and tried again where that can help. */
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
const OPENING_RETRIES = { maxAttempts: 4, maxElapsedMs: 20_000, firstDelayMs: 500, maxDelayMs: 5000 };
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
  const store = await retry(async () => openStore(url, { clock, environment, signal }), { clock, signal, onRetry, ...OPENING_RETRIES });
  const counted = counting(store);
  return { store: retrying(counted.store, { clock, onRetry, ...RUNNING_RETRIES }), traffic: counted.traffic };
}
