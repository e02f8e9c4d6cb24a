/** Tries failed calls again, where their kind says that this can help. */
import { equalConstantTime } from "../base/bytes.ts";
import { DomainError, isRetryable } from "../base/errors.ts";
import { retry as retryAny, type RetryOptions } from "../base/retry.ts";
import { intercept } from "./intercept.ts";
import type { CallOptions, ListOptions, ObjectInfo, ObjectKey, ObjectStore, PutOptions } from "./object-store.ts";

export type StoreRetryOptions = Omit<RetryOptions, "signal" | "isRetryable">;

/** A call that is waiting to be tried again when the store is disposed is given up. */
export function retrying(store: ObjectStore, options: StoreRetryOptions): ObjectStore {
  const closed = new AbortController();
  const untilClosed = <T extends CallOptions>(call: T | undefined): T & CallOptions => {
    const signals = call?.signal === undefined ? [closed.signal] : [closed.signal, call.signal];
    return { ...(call as T), signal: AbortSignal.any(signals) };
  };
  const again = intercept(store, (operation, call) => retry(call, { ...options, ...untilClosed({ signal: operation.signal }) }));
  const { versions } = store;
  return {
    ...again,
    put: (key, body, putOptions) => putAgain(store, key, body, untilClosed(putOptions), options),
    list: (prefix, listOptions) => resume((after) => store.list(prefix, { ...listOptions, after }), options, untilClosed(listOptions)),
    versions:
      versions === undefined || again.versions === undefined
        ? undefined
        : {
            ...again.versions,
            list: (prefix, listOptions) =>
              resume((after) => versions.list(prefix, { ...listOptions, after }), options, untilClosed(listOptions)),
          },
    async [Symbol.asyncDispose]() {
      closed.abort(new DomainError("cancelled", "store_closed", "Cancelled: the store was closed"));
      await store[Symbol.asyncDispose]();
    },
  };
}

/** A store that is full has no room a minute later either: somebody must make some. */
async function retry<T>(call: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const mayHelp = (error: unknown): boolean => isRetryable(error) && !(error instanceof DomainError && error.code === "storage_full");
  return retryAny(call, { ...options, isRetryable: mayHelp });
}

/**
 * A put whose answer got lost may have happened. Then a second create-only put finds its own object: that is success, if the bytes
 * are the same.
 */
async function putAgain(
  store: ObjectStore,
  key: ObjectKey,
  body: Uint8Array,
  options: PutOptions,
  retryOptions: StoreRetryOptions,
): Promise<void> {
  const { signal } = options;
  await retry(
    async (attempt) => {
      try {
        await store.put(key, body, options);
      } catch (error) {
        const taken = error instanceof DomainError && error.code === "object_exists";
        if (!taken || attempt === 1 || !equalConstantTime(await store.get(key, { signal }), body)) throw error;
      }
    },
    { ...retryOptions, signal },
  );
}

/** Goes on with a new list where one has failed. Only failures in a row count as attempts. */
async function* resume<T extends ObjectInfo>(
  start: (after: ObjectKey | undefined) => AsyncIterable<T>,
  options: StoreRetryOptions,
  { signal, after }: ListOptions = {},
): AsyncGenerator<T, void, undefined> {
  const given = new GivenItems(after);
  let source = start(after)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await retry(
        async (attempt) => {
          if (attempt > 1) source = start(given.lastCompleteKey)[Symbol.asyncIterator]();
          return source.next();
        },
        { ...options, signal },
      );
      if (next.done === true) return;
      if (given.add(next.value)) yield next.value;
    }
  } finally {
    await source.return?.();
  }
}

/** What a list has given so far. A key may have several versions; only when the next key comes is it known to be complete. */
class GivenItems {
  lastCompleteKey: ObjectKey | undefined;
  #key: ObjectKey | undefined;
  readonly #versions = new Set<string>();

  constructor(after: ObjectKey | undefined) {
    this.lastCompleteKey = after;
  }

  /** False if the item was given already. */
  add(item: ObjectInfo): boolean {
    const version = "version" in item ? String(item.version) : "";
    if (item.key !== this.#key) {
      this.lastCompleteKey = this.#key ?? this.lastCompleteKey;
      this.#key = item.key;
      this.#versions.clear();
    } else if (this.#versions.has(version)) {
      return false;
    }
    this.#versions.add(version);
    return true;
  }
}
