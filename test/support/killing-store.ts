/** A store that kills its process, as `kill -9` does: at a call, or when so much has been stored. */
import { intercept } from "../../src/storage/intercept.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";

export type KillPlan =
  /** The first call has number 1. `during`: while it is under way. */
  | { readonly call: number; readonly moment: "before" | "during" | "after" }
  /** When so many bytes of packs are stored, and no index file is half written. */
  | { readonly packBytes: number };

export interface CountingStore {
  readonly store: ObjectStore;
  readonly calls: () => number;
}

export function killing(store: ObjectStore, plan: KillPlan | undefined): CountingStore {
  let calls = 0;
  let packBytes = 0;
  let indexFiles = 0;
  const counted = intercept(store, async ({ name, key, sendBytes }, call) => {
    const number = ++calls;
    const isIndexFile = name === "put" && key.startsWith("index/");
    if (isIndexFile) indexFiles++;
    if (plan !== undefined && "call" in plan && plan.call === number && plan.moment !== "after") {
      if (plan.moment === "during") await Promise.race([call(), Promise.resolve()]);
      die();
    }
    const result = await call();
    if (isIndexFile) indexFiles--;
    if (name === "put" && key.startsWith("data/")) packBytes += sendBytes;
    if (plan === undefined) return result;
    if ("call" in plan ? plan.call === number : packBytes >= plan.packBytes && indexFiles === 0) die();
    return result;
  });
  return { store: counted, calls: () => calls };
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}
