/** What the threads of a restore have done so far, in shared memory: each thread writes its own row, the main thread adds them up. */
import type { RestoreResult } from "./options.ts";

const COUNTERS = ["files", "folders", "others", "hardLinks", "bytes", "unchanged", "skipped", "deleted", "failed", "verified"] as const;

export type RestoreCounter = (typeof COUNTERS)[number];

/** What there is to do, for progress; the planner's. */
const TOTALS = ["totalFiles", "totalBytes"] as const;
export type RestoreTotal = (typeof TOTALS)[number];

const NAMES: readonly (RestoreCounter | RestoreTotal)[] = [...COUNTERS, ...TOTALS];
const ROW_BYTES = NAMES.length * Float64Array.BYTES_PER_ELEMENT;

export class RestoreCounters {
  readonly #row: Float64Array;

  constructor(shared: SharedArrayBuffer, row: number) {
    this.#row = new Float64Array(shared, row * ROW_BYTES, NAMES.length);
  }

  add(counter: RestoreCounter | RestoreTotal, amount = 1): void {
    const at = NAMES.indexOf(counter);
    this.#row[at] = (this.#row[at] ?? 0) + amount;
  }
}

export function newRestoreCounters(rows: number): SharedArrayBuffer {
  return new SharedArrayBuffer(rows * ROW_BYTES);
}

export function restoreTotals(shared: SharedArrayBuffer): RestoreResult & Readonly<Record<RestoreTotal, number>> {
  const cells = new Float64Array(shared);
  const sum = (at: number): number => cells.reduce((total, cell, index) => (index % NAMES.length === at ? total + cell : total), 0);
  return Object.fromEntries(NAMES.map((name, at) => [name, sum(at)])) as Record<RestoreCounter | RestoreTotal, number>;
}
