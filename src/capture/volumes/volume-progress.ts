/** How far several volumes are that are copied at the same time, as one. */
import type { Progress, ProgressSink } from "../../base/progress.ts";

const STAGE = "Copying volumes";

export class VolumeProgress {
  readonly #sink: ProgressSink;
  readonly #latest = new Map<string, Progress>();

  constructor(sink: ProgressSink) {
    this.#sink = sink;
  }

  of(volume: string): ProgressSink {
    return (progress) => {
      // What a mover does at its end counts anew; what it has copied before stays.
      const before = this.#latest.get(volume);
      const isNewStage = before !== undefined && before.stage !== progress.stage && progress.doneBytes < before.doneBytes;
      if (!isNewStage) this.#latest.set(volume, progress);
      const all = [...this.#latest.values()];
      const sum = (part: (one: Progress) => number): number => all.reduce((total, one) => total + part(one), 0);
      const isKnown = all.every(({ totalBytes }) => totalBytes !== undefined);
      this.#sink({
        stage: STAGE,
        doneBytes: sum(({ doneBytes }) => doneBytes),
        ...(isKnown ? { totalBytes: sum(({ totalBytes = 0 }) => totalBytes) } : {}),
        doneItems: sum(({ doneItems }) => doneItems),
        current: progress.current ?? volume,
      });
    };
  }
}
