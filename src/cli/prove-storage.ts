/** Proves, before anything is kept there, that a storage does what repositories rely on. */
import { checkStore } from "../storage/check.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { StorageRun } from "./repository-run.ts";

/** @throws {DomainError} of the first property that the store does not have */
export async function proveStorage(store: ObjectStore, lock: boolean, { context, display }: StorageRun): Promise<void> {
  const { clock, signal } = context;
  display.sink({ stage: "Proving the storage", doneBytes: 0, doneItems: 0 });
  const { properties, error } = await checkStore(store, { clock, signal, lock });
  for (const { state, meaning } of properties) if (state === "warning") display.message(meaning);
  if (error !== undefined) throw error;
}
