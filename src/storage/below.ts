/** A part of a store as one of its own: what its keys begin with is neither written nor seen. */
import { type ObjectKey, type ObjectStore, type ObjectVersions, parseObjectKey } from "./object-store.ts";

/** @param folder `a/b`, without a slash at its end. The outer store is disposed by whoever opened it. */
export function below(store: ObjectStore, folder: string): ObjectStore {
  const prefix = `${parseObjectKey(folder)}/`;
  const outer = (key: ObjectKey): ObjectKey => parseObjectKey(`${prefix}${key}`);
  const inner = <T extends { readonly key: ObjectKey }>(info: T): T => ({ ...info, key: parseObjectKey(info.key.slice(prefix.length)) });
  const { versions, locking } = store;
  return {
    url: urlBelow(store.url, folder),
    put: (key, body, options) => store.put(outer(key), body, options),
    get: (key, options) => store.get(outer(key), options),
    info: async (key, options) => inner(await store.info(outer(key), options)),
    list: (part, { after, ...options } = {}) =>
      mapEach(store.list(`${prefix}${part}`, { ...options, after: after === undefined ? undefined : outer(after) }), inner),
    delete: (key, options) => store.delete(outer(key), options),
    versions: versions === undefined ? undefined : versionsBelow(versions, prefix, outer, inner),
    locking:
      locking === undefined
        ? undefined
        : {
            retainedUntilMs: (key, ...rest) => locking.retainedUntilMs(outer(key), ...rest),
            retainUntil: (key, ...rest) => locking.retainUntil(outer(key), ...rest),
            hasLegalHold: (key, ...rest) => locking.hasLegalHold(outer(key), ...rest),
            setLegalHold: (key, ...rest) => locking.setLegalHold(outer(key), ...rest),
          },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function versionsBelow(
  versions: ObjectVersions,
  prefix: string,
  outer: (key: ObjectKey) => ObjectKey,
  inner: <T extends { readonly key: ObjectKey }>(info: T) => T,
): ObjectVersions {
  return {
    list: (part, { after, ...options } = {}) =>
      mapEach(versions.list(`${prefix}${part}`, { ...options, after: after === undefined ? undefined : outer(after) }), inner),
    get: (key, ...rest) => versions.get(outer(key), ...rest),
    delete: (key, ...rest) => versions.delete(outer(key), ...rest),
  };
}

/** The options of a bucket stand behind a question mark. */
function urlBelow(url: string, folder: string): string {
  const [place = "", ...options] = url.split("?");
  return [`${place.replace(/\/$/, "")}/${folder}`, ...options].join("?");
}

async function* mapEach<T, U>(items: AsyncIterable<T>, change: (item: T) => U): AsyncGenerator<U, void, undefined> {
  for await (const item of items) yield change(item);
}
