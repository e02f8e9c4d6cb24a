/** What the threads of a backup have done so far, in shared memory: each thread writes its own row, the main thread adds them up. */

/** Bytes are of files, before anything is done to them, but for storedBytes. */
const COUNTERS = [
  "files",
  "bytes",
  "filesNew",
  "filesChanged",
  "filesUnmodified",
  "foldersNew",
  "foldersChanged",
  "foldersUnmodified",
  "dataBlobs",
  "treeBlobs",
  "newBytes",
  "storedBytes",
] as const;

export type Counter = (typeof COUNTERS)[number];
export type CounterTotals = Readonly<Record<Counter, number>>;

const ROW_BYTES = COUNTERS.length * Float64Array.BYTES_PER_ELEMENT;

export class CounterRow {
  readonly #row: Float64Array;

  constructor(shared: SharedArrayBuffer, row: number) {
    this.#row = new Float64Array(shared, row * ROW_BYTES, COUNTERS.length);
  }

  add(counter: Counter, amount = 1): void {
    const at = COUNTERS.indexOf(counter);
    this.#row[at] = (this.#row[at] ?? 0) + amount;
  }

  set(counter: Counter, value: number): void {
    this.#row[COUNTERS.indexOf(counter)] = value;
  }
}

export function newCounters(rows: number): SharedArrayBuffer {
  return new SharedArrayBuffer(rows * ROW_BYTES);
}

export function totalsOf(shared: SharedArrayBuffer): CounterTotals {
  const cells = new Float64Array(shared);
  const total = (at: number): number => cells.reduce((sum, cell, index) => (index % COUNTERS.length === at ? sum + cell : sum), 0);
  return Object.fromEntries(COUNTERS.map((counter, at) => [counter, total(at)])) as Record<Counter, number>;
}
