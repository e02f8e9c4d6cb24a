/** What happens to a run in the middle of its work, at some call of its store. */
import { systemClock } from "../../src/base/clock.ts";
import { DomainError } from "../../src/base/errors.ts";
import { folderOf } from "../../src/repository/layout.ts";
import { intercept } from "../../src/storage/intercept.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";

/**
 * - `killed`: nothing that the run does from then on happens, its cleaning up included.
 * - `cancelled`: somebody interrupts it.
 * - `cut off`: the store answers no more.
 */
export type MishapKind = (typeof MISHAPS)[number];
export const MISHAPS = ["killed", "cancelled", "cut off"] as const;

export interface Mishap {
  readonly kind: MishapKind;
  /** The first has number 1; of a backup that leaves a record before that: counted from there. */
  readonly call: number;
  readonly afterRecord: number;
  /** `during`: the call happens, and the run does not see it. */
  readonly moment: "before" | "during" | "after";
}

export interface MortalStore {
  readonly store: ObjectStore;
  readonly calls: () => number;
  readonly hasHappened: () => boolean;
}

const LAST_CALLS = 12;
const MOMENTS = ["before", "during", "after"] as const;
/** Of all calls. */
const HANG_SHARE = 0.05;
/** A client waits no longer for an answer. */
const PATIENCE_MS = 2;

/** Most are kills. Many come at the end, where all that was done is given its names, and soon after a resume record. */
export function mishapOf(draw: (below: number) => number, calls: number): Mishap {
  const kind = MISHAPS[Math.max(0, draw(8) - 5)] ?? "killed";
  const before = draw(3) === 0 ? Math.max(0, calls - LAST_CALLS) : 0;
  return {
    kind,
    call: 1 + before + draw(calls - before),
    afterRecord: 1 + draw(LAST_CALLS),
    moment: MOMENTS[draw(MOMENTS.length)] ?? "before",
  };
}

/** Some of its calls hang until their caller has waited long enough, half of them after they have happened. */
export function hanging(store: ObjectStore, random: () => number): ObjectStore {
  return intercept(store, async (_operation, call) => {
    if (random() >= HANG_SHARE) return call();
    if (random() < 0.5) await call();
    await systemClock.sleep(PATIENCE_MS);
    throw new DomainError("unavailable", "storage_unavailable", "Cannot reach the store: no answer in time");
  });
}

/** @param abort of what the run works under */
export function withMishap(store: ObjectStore, mishap: Mishap | undefined, abort: AbortController): MortalStore {
  let calls = 0;
  let at = mishap?.call;
  let hasHappened = false;
  const gone = new DomainError("internal", "killed", "The run was killed");
  const happen = (): void => {
    hasHappened = true;
    if (mishap?.kind !== "cut off")
      abort.abort(mishap?.kind === "killed" ? gone : new DomainError("cancelled", "interrupted", "Cancelled"));
  };
  const throwIfGone = (): void => {
    if (!hasHappened || mishap?.kind === "cancelled") return;
    throw mishap?.kind === "killed" ? gone : new DomainError("unavailable", "storage_unavailable", "Cannot reach the store");
  };
  const mortal = intercept(store, async ({ name, key }, call) => {
    throwIfGone();
    const isMoment = ++calls === at;
    if (name === "put" && key.startsWith(folderOf("resume")) && mishap !== undefined) at = calls + mishap.afterRecord;
    if (isMoment && mishap?.moment === "before") happen();
    throwIfGone();
    const result = await call();
    if (isMoment && mishap?.moment !== "before") happen();
    throwIfGone();
    return result;
  });
  return { store: mortal, calls: () => calls, hasHappened: () => hasHappened };
}
