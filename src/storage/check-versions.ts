/** Proofs of what only some stores offer. */
import { DomainError } from "../base/errors.ts";
import { bodyOf, codeOf, isEqual, ok, type Probe, type Proof, unfit } from "./check-probe.ts";
import type { ObjectLocking, ObjectVersions } from "./object-store.ts";

/** S3 counts in whole seconds, and four requests have to fit; the object stays so long. */
const RETENTION_MS = 10_000;
/** Until a retention that has ended is seen to have ended. */
const MARGIN_MS = 2_000;

export async function proveVersions(probe: Probe): Promise<Proof> {
  const { store, key, signal, putSignal } = probe;
  const { versions } = store;
  if (versions === undefined) return { state: "not-offered", meaning: "What is replaced or deleted is gone for good" };
  const at = key("version");
  const bodies = ["one", "two"].map(bodyOf);
  for (const body of bodies) await store.put(at, body, { signal: putSignal });
  await store.delete(at, { signal });
  const [marker, ...kept] = await Array.fromAsync(versions.list(at, { signal }));
  if (marker?.isDeleteMarker !== true || kept.length !== bodies.length) throw unfit(probe, "it does not keep every version of an object");
  for (const [number, { version }] of kept.toReversed().entries()) {
    if (!isEqual(await versions.get(at, version, { signal }), bodies[number] ?? new Uint8Array(0))) {
      throw unfit(probe, "it gives other bytes for a version than were put");
    }
  }
  for (const { version } of [marker, ...kept]) {
    const isLocked = (await codeOf(versions.delete(at, version, { signal }))) === "object_locked";
    if (isLocked)
      return { state: "warning", meaning: "The bucket locks what is put without a date too, so that nothing can be tidied up early" };
  }
  if ((await Array.fromAsync(versions.list(at, { signal }))).length > 0) throw unfit(probe, "it lists versions that were deleted");
  return ok("What is replaced or deleted can be read and given back");
}

export async function proveLock(probe: Probe): Promise<Proof> {
  const { versions, locking } = probe.store;
  if (versions === undefined || locking === undefined) {
    if (!probe.lock) return { state: "not-offered", meaning: "Whoever has the credentials can delete everything" };
    throw new DomainError("unsupported", "object_lock", `Cannot prove Object Lock of ${probe.store.url}: the store does not offer it`, {
      hint: "Use a bucket with Object Lock, and allow s3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration",
    });
  }
  if (!probe.lock) return { state: "not-tried", meaning: "It is offered, and proven only if that is asked for" };
  await proveHold(probe, { versions, locking });
  return proveRetention(probe, { versions, locking });
}

interface Offered {
  readonly versions: ObjectVersions;
  readonly locking: ObjectLocking;
}

async function proveHold(probe: Probe, { versions, locking }: Offered): Promise<void> {
  const { store, key, signal, putSignal } = probe;
  const at = key("held");
  await store.put(at, bodyOf("held"), { signal: putSignal });
  await locking.setLegalHold(at, true, undefined, { signal });
  const isRefused = (await codeOf(deleteVersions(probe, versions, "held"))) === "object_locked";
  await locking.setLegalHold(at, false, undefined, { signal });
  if (!isRefused) throw unfit(probe, "it deletes a version that is under legal hold");
}

async function proveRetention(probe: Probe, { versions, locking }: Offered): Promise<Proof> {
  const { store, clock, key, signal, putSignal } = probe;
  const at = key("locked");
  // Retention ends by the store's clock.
  await store.put(key("now"), bodyOf("now"), { signal: putSignal });
  const { modifiedMs } = await store.info(key("now"), { signal });
  const startMs = clock.monotonicMs();
  const untilMs = modifiedMs + RETENTION_MS;
  await store.put(at, bodyOf("locked"), { signal: putSignal, retainUntilMs: untilMs });
  const shortened = await codeOf(locking.retainUntil(at, untilMs - RETENTION_MS / 2, undefined, { signal }));
  const deleted = await codeOf(deleteVersions(probe, versions, "locked"));
  const tookMs = clock.monotonicMs() - startMs;
  // So that it can be removed.
  await clock.sleep(RETENTION_MS - tookMs + MARGIN_MS, signal);
  if (shortened === "object_locked" && deleted === "object_locked") {
    return ok("A version under retention or legal hold can be neither deleted nor shortened");
  }
  if (tookMs < RETENTION_MS - MARGIN_MS) {
    throw unfit(probe, shortened === "object_locked" ? "it deletes a version that is under retention" : "it shortens a retention");
  }
  const state = `it took ${Math.round(tookMs / 1_000)} s to answer`;
  throw new DomainError("unavailable", "storage_slow", `Cannot prove Object Lock of ${store.url}: ${state}`);
}

async function deleteVersions({ key, signal }: Probe, versions: ObjectVersions, name: string): Promise<void> {
  for (const { key: at, version } of await Array.fromAsync(versions.list(key(name), { signal })))
    await versions.delete(at, version, { signal });
}
