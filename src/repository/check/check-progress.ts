/** Counts what a check has done, and tells a sink often enough. */
import type { Clock } from "../../base/clock.ts";
import type { Progress, ProgressSink } from "../../base/progress.ts";

const EVERY_MS = 100;

export class CheckProgress {
  readonly #sink: ProgressSink;
  readonly #clock: Clock;
  #progress: Progress = { stage: "", doneBytes: 0, doneItems: 0 };
  #toldMs = -Infinity;

  constructor(sink: ProgressSink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  get doneItems(): number {
    return this.#progress.doneItems;
  }

  get doneBytes(): number {
    return this.#progress.doneBytes;
  }

  start(stage: string, totals: Pick<Progress, "totalItems" | "totalBytes"> = {}): void {
    this.#progress = { stage, doneBytes: 0, doneItems: 0, ...totals };
    this.#tell();
  }

  add(items: number, bytes: number): void {
    const { doneItems, doneBytes } = this.#progress;
    this.#progress = { ...this.#progress, doneItems: doneItems + items, doneBytes: doneBytes + bytes };
    if (this.#clock.monotonicMs() - this.#toldMs >= EVERY_MS) this.#tell();
  }

  #tell(): void {
    this.#toldMs = this.#clock.monotonicMs();
    this.#sink(this.#progress);
  }
}
