/** For tests: what somebody with all rights to the bucket, but no key to the repository, does to it. */
import { randomBytes } from "node:crypto";
import type { ObjectStore } from "../../../storage/object-store.ts";

/** Hides every object. */
export async function deleteAll(store: ObjectStore, prefix = ""): Promise<void> {
  for (const { key } of await Array.fromAsync(store.list(prefix))) await store.delete(key);
}

/** Puts garbage over every object: of the same length over every second, longer over the others. */
export async function overwriteAll(store: ObjectStore, prefix = ""): Promise<void> {
  for (const [at, { key, sizeBytes }] of (await Array.fromAsync(store.list(prefix))).entries()) {
    await store.put(key, randomBytes(sizeBytes + (at % 2 === 0 ? 0 : 100_000)));
  }
}
