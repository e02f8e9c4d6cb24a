import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { below } from "../../src/storage/below.ts";
import { faulty, type Fault } from "../../src/storage/faulty.ts";
import { FileStore } from "../../src/storage/file.ts";
import { limited } from "../../src/storage/limited.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";
import { retrying, type StoreRetryOptions } from "../../src/storage/retrying.ts";
import { testLockingStore, testObjectStore } from "./object-store.ts";

const clock = systemClock;
const quickRetries: StoreRetryOptions = { clock, maxAttempts: 20, maxElapsedMs: 10_000, firstDelayMs: 0, maxDelayMs: 0 };

async function openFileStore(owned: AsyncDisposableStack): Promise<ObjectStore> {
  const folder = owned.use(await mkdtempDisposable(join(tmpdir(), "holdfast-store-")));
  return new FileStore(folder.path, clock);
}

/** Every third call fails, each second of those after it has happened. */
function unreliable(store: ObjectStore): ObjectStore {
  let calls = 0;
  const faults: readonly (Fault | undefined)[] = [undefined, undefined, "refused", undefined, undefined, "lost-answer"];
  return faulty(store, () => faults[calls++ % faults.length]);
}

const memory = async (): Promise<ObjectStore> => new MemoryStore({ clock });
const versioned = async (): Promise<ObjectStore> => new MemoryStore({ clock, versioned: true });

testObjectStore({ name: "memory", open: memory });
testObjectStore({ name: "memory, versioned", open: versioned });
testObjectStore({ name: "file", open: openFileStore });
testObjectStore({ name: "memory, limited", open: async () => limited(await memory(), { clock, maxCalls: 2, sendBytesPerSecond: 1e9 }) });
testObjectStore({ name: "memory, retried over faults", open: async () => retrying(unreliable(await memory()), quickRetries) });
testLockingStore({ name: "memory, versioned", open: versioned });
testLockingStore({ name: "memory, versioned, retried", open: async () => retrying(await versioned(), quickRetries) });
testObjectStore({ name: "memory, below a folder", open: async () => below(await memory(), "prod/shop") });
testLockingStore({ name: "memory, versioned, below a folder", open: async () => below(await versioned(), "prod/shop") });
