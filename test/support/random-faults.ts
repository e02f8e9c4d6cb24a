/** A store that fails now and then, the same way for the same seed and calls. */
import { type Fault, faulty } from "../../src/storage/faulty.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";

/** Of all calls. */
const FAULT_SHARE = 0.15;
const FAULTS: readonly Fault[] = ["refused", "lost-answer"];

export function randomFaults(store: ObjectStore, seed: number): ObjectStore {
  const random = seededRandom(seed);
  return faulty(store, () => (random() < FAULT_SHARE ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined));
}

/** Uniform in [0, 1): the generator "mulberry32". */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
