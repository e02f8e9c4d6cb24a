/** A store that fails as real ones do, for tests: the plan decides for every call. */
import { DomainError } from "../base/errors.ts";
import { intercept, type Operation } from "./intercept.ts";
import type { ObjectStore } from "./object-store.ts";

/**
 * - `refused`: the call fails, and nothing has happened.
 * - `lost-answer`: the call happens, and fails all the same.
 * - `hangs`: nothing happens until the caller gives up.
 */
export type Fault = "refused" | "lost-answer" | "hangs";

/** Called once for every call, in order. */
export type FaultPlan = (operation: Operation) => Fault | undefined;

export function faulty(store: ObjectStore, plan: FaultPlan): ObjectStore {
  return intercept(store, async (operation, call) => {
    const fault = plan(operation);
    if (fault === "refused") throw unavailable(operation, "the server is busy");
    if (fault === "hangs") return hang(operation.signal);
    const result = await call();
    if (fault === "lost-answer") throw unavailable(operation, "the answer was lost");
    return result;
  });
}

function unavailable({ name, key }: Operation, state: string): DomainError {
  return new DomainError("unavailable", "storage_unavailable", `Cannot ${name} "${key}": ${state}`);
}

async function hang(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal?.throwIfAborted();
  signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  return promise;
}
