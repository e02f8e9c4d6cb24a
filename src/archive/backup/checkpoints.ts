/** Decides when a run notes what it has stored so far: one that is killed after that need not read it again. */
import type { Clock } from "../../base/clock.ts";

export interface CheckpointInterval {
  /** Since the one before, or the start: */
  readonly ms: number;
  /** blobs that were stored since. */
  readonly blobs: number;
}

/** Each closes packs before they are full, which costs nothing beside so much work. */
export const CHECKPOINT_INTERVAL: CheckpointInterval = Object.freeze({ ms: 5 * 60_000, blobs: 50_000 });

export class Checkpoints {
  readonly #interval: CheckpointInterval;
  readonly #clock: Clock;
  readonly #make: (checkpoint: number) => Promise<void>;
  #made = 0;
  #sinceMs: number;
  #blobs = 0;
  #running: Promise<void> | undefined;
  #hasEnded = false;

  /** @param make makes one, by its number; never called while another is being made. Must not reject */
  constructor(interval: CheckpointInterval, clock: Clock, make: (checkpoint: number) => Promise<void>) {
    this.#interval = interval;
    this.#clock = clock;
    this.#make = make;
    this.#sinceMs = clock.monotonicMs();
  }

  /** To be told of every pack that was stored; does not wait for the checkpoint that is due by it. */
  stored(blobs: number): void {
    this.#blobs += blobs;
    const isDue = this.#blobs >= this.#interval.blobs || this.#clock.monotonicMs() - this.#sinceMs >= this.#interval.ms;
    if (!isDue || this.#hasEnded || this.#running !== undefined) return;
    this.#running = this.#run();
  }

  /** Makes one whether or not one is due, unless one is being made; resolves when it is there. */
  async now(): Promise<void> {
    if (this.#hasEnded && this.#running === undefined) return;
    this.#running ??= this.#run();
    await this.#running;
  }

  /** Begins none any more, and waits for the one that is being made. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    await this.#make(++this.#made);
    this.#running = undefined;
    this.#blobs = 0;
    this.#sinceMs = this.#clock.monotonicMs();
  }
}
