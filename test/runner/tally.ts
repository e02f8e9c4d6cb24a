/** What a stage found. Only tests without subtests are counted, and failures that are a parent's own. */

export interface Failure {
  readonly name: string;
  readonly text: string;
}

export interface Skip {
  readonly name: string;
  readonly reason: string;
}

export interface Tally {
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly skips: readonly Skip[];
}

export const EMPTY_TALLY: Tally = { passed: 0, failures: [], skips: [] };

export function addTallies(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
    failures: tallies.flatMap((tally) => tally.failures),
    skips: tallies.flatMap((tally) => tally.skips),
  };
}

/** One failure. */
export function failed(name: string, text: string): Tally {
  return { ...EMPTY_TALLY, failures: [{ name, text }] };
}
