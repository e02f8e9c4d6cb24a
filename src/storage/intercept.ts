/** The one mechanism behind every decorator of stores: something that happens around each call. */
import type { CallOptions, ObjectKey, ObjectLocking, ObjectStore, ObjectVersions, PutOptions } from "./object-store.ts";

export type OperationName = "put" | "get" | "info" | "list" | "delete" | "lock";

export interface Operation {
  readonly name: OperationName;
  /** Key, or prefix of a list. */
  readonly key: string;
  /** Bytes to be sent; 0 for all but put. */
  readonly sendBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** Runs `call`, once, more often or not at all; what it gives is what the caller gets. */
export type Interceptor = <T>(operation: Operation, call: () => Promise<T>) => Promise<T>;

/** A store that passes every call on through the interceptor. A list is one call for each object that it gives. */
export function intercept(store: ObjectStore, around: Interceptor): ObjectStore {
  const { versions, locking } = store;
  const operation = (name: OperationName, key: string, options: CallOptions | undefined, sendBytes = 0): Operation => ({
    name,
    key,
    sendBytes,
    signal: options?.signal,
  });
  const put = (key: ObjectKey, body: Uint8Array, options?: PutOptions): Promise<void> =>
    around(operation("put", key, options, body.length), () => store.put(key, body, options));
  return {
    url: store.url,
    put,
    get: (key, options) => around(operation("get", key, options), () => store.get(key, options)),
    info: (key, options) => around(operation("info", key, options), () => store.info(key, options)),
    list: (prefix, options) => interceptList(store.list(prefix, options), operation("list", prefix, options), around),
    delete: (key, options) => around(operation("delete", key, options), () => store.delete(key, options)),
    versions: versions === undefined ? undefined : interceptVersions(versions, operation, around),
    locking: locking === undefined ? undefined : interceptLocking(locking, operation, around),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

type MakeOperation = (name: OperationName, key: string, options: CallOptions | undefined) => Operation;

function interceptVersions(versions: ObjectVersions, operation: MakeOperation, around: Interceptor): ObjectVersions {
  return {
    list: (prefix, options) => interceptList(versions.list(prefix, options), operation("list", prefix, options), around),
    get: (key, version, options) => around(operation("get", key, options), () => versions.get(key, version, options)),
    delete: (key, version, options) => around(operation("delete", key, options), () => versions.delete(key, version, options)),
  };
}

function interceptLocking(locking: ObjectLocking, operation: MakeOperation, around: Interceptor): ObjectLocking {
  return {
    retainedUntilMs: (key, version, options) =>
      around(operation("info", key, options), () => locking.retainedUntilMs(key, version, options)),
    retainUntil: (key, untilMs, version, options) =>
      around(operation("lock", key, options), () => locking.retainUntil(key, untilMs, version, options)),
    hasLegalHold: (key, version, options) => around(operation("info", key, options), () => locking.hasLegalHold(key, version, options)),
    setLegalHold: (key, on, version, options) =>
      around(operation("lock", key, options), () => locking.setLegalHold(key, on, version, options)),
  };
}

async function* interceptList<T>(items: AsyncIterable<T>, operation: Operation, around: Interceptor): AsyncGenerator<T, void, undefined> {
  const source = items[Symbol.asyncIterator]();
  let open = true;
  try {
    for (;;) {
      const next = await around(operation, () => source.next());
      open = next.done !== true;
      if (!open) return;
      yield next.value as T;
    }
  } finally {
    if (open) await source.return?.();
  }
}
