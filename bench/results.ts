/** From samples to medians. */
import { type CaseName } from "./cases.ts";
import { type Cost } from "./measure.ts";

export interface Sample extends Cost {
  /** What the repository grew by; negative after a prune. */
  readonly storedBytes: number;
}

/** What a figure is of. */
export interface Measured {
  readonly data: string;
  readonly store: string;
  readonly case: CaseName;
  readonly tool: string;
}

export interface Result extends Measured {
  readonly samples: readonly Sample[];
  /** Of each figure for itself. */
  readonly median: Sample;
}

/** The middle one; of an even count the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

export function medianSample(samples: readonly Sample[]): Sample {
  const of = (figure: keyof Sample): number => median(samples.map((sample) => sample[figure]));
  return { wallSeconds: of("wallSeconds"), cpuSeconds: of("cpuSeconds"), peakBytes: of("peakBytes"), storedBytes: of("storedBytes") };
}

/** Gathers samples by what they are of, in the order of the first of each. */
export class Results {
  readonly #samples = new Map<string, Sample[]>();

  add(of: Measured, sample: Sample): void {
    const key = JSON.stringify([of.data, of.store, of.case, of.tool]);
    const samples = this.#samples.get(key);
    if (samples === undefined) this.#samples.set(key, [sample]);
    else samples.push(sample);
  }

  all(): Result[] {
    return [...this.#samples].map(([key, samples]) => {
      const [data, store, name, tool] = JSON.parse(key) as [string, string, CaseName, string];
      return { data, store, case: name, tool, samples, median: medianSample(samples) };
    });
  }
}
