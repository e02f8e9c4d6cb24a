/** Key files that cost nothing to open: guessing the password of a test need not take long, and most of a test would be scrypt. */
import { systemClock } from "../../src/base/clock.ts";
import type { ScryptParameters } from "../../src/repository/format/key-file.ts";
import { addKey, deleteKey, readKeys, readSpareKeys, unlockKeys } from "../../src/repository/keys.ts";
import { keyOfFile } from "../../src/repository/layout.ts";
import { FileStore } from "../../src/storage/file.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";

/** The least that restic accepts, but for N. */
export const CHEAP_PARAMETERS: ScryptParameters = { N: 2 ** 4, r: 8, p: 1 };

/** Puts a cheap key file in the place of each that the password opens, and of its spare if there are any. */
export async function cheapenKeys(place: ObjectStore | string, password: string): Promise<void> {
  const store = typeof place === "string" ? new FileStore(place, systemClock) : place;
  const { keys } = await readKeys(store);
  const spares = await readSpareKeys(store, []);
  for await (const { id, masterKey } of unlockKeys(keys, password)) {
    const owner = { username: "test", hostname: "test" };
    const cheap = await addKey(store, masterKey, { password, parameters: CHEAP_PARAMETERS, owner }, systemClock);
    await deleteKey(store, id, { clock: systemClock });
    if (spares.length === 0) await store.delete(keyOfFile("spareKeys", cheap));
  }
}
