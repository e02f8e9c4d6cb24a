/** Removes what a check has written, versions and delete markers included, also after a check that was cancelled. */
import { DomainError } from "../base/errors.ts";
import { ok, type Probe, type Proof } from "./check-probe.ts";

const CLEAN_UP_MS = 30_000;

/** @throws {DomainError} what the store threw */
export async function cleanUp({ store, clock, prefix }: Probe): Promise<Proof> {
  const late = new AbortController();
  const done = new AbortController();
  const state = `it took more than ${CLEAN_UP_MS / 1_000} s`;
  const onTime = (): void =>
    late.abort(new DomainError("unavailable", "storage_slow", `Cannot remove "${prefix}" from ${store.url}: ${state}`));
  clock.sleep(CLEAN_UP_MS, done.signal).then(onTime, () => undefined);
  const { signal } = late;
  try {
    const { versions } = store;
    let locked = 0;
    if (versions === undefined) {
      for (const { key } of await Array.fromAsync(store.list(prefix, { signal }))) await store.delete(key, { signal });
    } else {
      for (const { key, version } of await Array.fromAsync(versions.list(prefix, { signal }))) {
        await versions.delete(key, version, { signal }).catch((error: unknown) => {
          if (!(error instanceof DomainError) || error.code !== "object_locked") throw error;
          locked++;
        });
      }
    }
    if (locked === 0) return ok("What the check has written is removed");
    const meaning = `${locked} objects named "${prefix}…" stay until their retention ends: the bucket locks what is put without a date`;
    return { state: "warning", meaning };
  } finally {
    done.abort();
  }
}
