/** Work on many items at once, with a bound. */

export interface ConcurrencyOptions {
  /** Most items in work at a time, at least 1. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

type Items<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Calls `work` for every item. An item is taken from the source only when there is room for it. The first failure, of the
 * source, of `work` or by `options.signal`, aborts the signal that `work` gets and stops taking; it is thrown once all
 * calls under way have ended.
 */
export async function forEachConcurrent<T>(
  items: Items<T>,
  options: ConcurrencyOptions,
  work: (item: T, signal: AbortSignal, index: number) => Promise<void>,
): Promise<void> {
  const { limit, signal: outer } = options;
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`Cannot work on items at once: limit is ${limit}`);
  const ownAbort = new AbortController();
  const signal = outer === undefined ? ownAbort.signal : AbortSignal.any([outer, ownAbort.signal]);
  const running = new Set<Promise<void>>();
  const start = async (item: T, index: number): Promise<void> => {
    try {
      await work(item, signal, index);
    } catch (error) {
      ownAbort.abort(error);
    }
  };
  try {
    let index = 0;
    for await (const item of untilAborted(items, signal)) {
      const task = start(item, index++).finally(() => running.delete(task));
      running.add(task);
      if (running.size >= limit) await orAbort(Promise.race(running), signal);
    }
    await orAbort(Promise.all(running), signal);
  } catch (error) {
    ownAbort.abort(error);
  } finally {
    await Promise.all(running);
  }
  signal.throwIfAborted();
}

/** Like forEachConcurrent(), giving the results in the order of the items. */
export async function mapConcurrent<T, R>(
  items: Items<T>,
  options: ConcurrencyOptions,
  work: (item: T, signal: AbortSignal, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  await forEachConcurrent(items, options, async (item, signal, index) => {
    results[index] = await work(item, signal, index);
  });
  return results;
}

/** Passes items on; a source that never answers cannot hold up an abort, so it is closed but not waited for then. */
async function* untilAborted<T>(items: Items<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let open = true;
  try {
    while (true) {
      const next = await orAbort(source.next(), signal);
      if (next.done === true) {
        open = false;
        return;
      }
      yield next.value;
    }
  } finally {
    if (open) void Promise.try(() => source.return?.()).catch(() => undefined);
  }
}

/**
 * Settles as `value` does, or rejects with the reason of the signal. Not a race with one promise for the abort: that would keep
 * something of every item until the end.
 */
export async function orAbort<T>(value: T | PromiseLike<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    // Nobody looks at how it ends, which must not end the process.
    Promise.resolve(value).catch(() => undefined);
    throw signal.reason;
  }
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    Promise.resolve(value).then(resolve, reject);
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
