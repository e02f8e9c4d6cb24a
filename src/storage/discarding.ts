/** A store that is read as it is, and keeps nothing of what is put or removed: for dry runs. */
import { intercept, type OperationName } from "./intercept.ts";
import type { ObjectStore } from "./object-store.ts";

const READS: ReadonlySet<OperationName> = new Set(["get", "info", "list"]);

/** Writes succeed, and nobody ever sees them. */
export function discarding(store: ObjectStore): ObjectStore {
  // What writes gives nothing back.
  return intercept(store, async ({ name }, call) => (READS.has(name) ? call() : (undefined as Awaited<ReturnType<typeof call>>)));
}
