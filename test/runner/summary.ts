/** The end of a run: a table of stages, what was skipped and why, what failed, and one line with the totals. */
import { addTallies, type Tally } from "./tally.ts";

export interface StageResult {
  readonly name: string;
  readonly seconds: number;
  readonly tally: Tally;
}

/** The totals are the last line, alone, so that machines find them. */
export function summary(results: readonly StageResult[]): string {
  const total = addTallies(results.map(({ tally }) => tally));
  const width = Math.max(...results.map(({ name }) => name.length), 0);
  const lines = [
    "",
    ...results.map(({ name, seconds, tally }) => `${name.padEnd(width)}  ${seconds.toFixed(1).padStart(7)} s  ${counts(tally)}`),
    ...section(
      "Skipped:",
      total.skips.map(({ name, reason }) => `${name}: ${reason}`),
    ),
    ...section(
      "Failed:",
      total.failures.map(({ name }) => name),
    ),
    "",
    counts(total),
  ];
  return lines.join("\n");
}

function counts({ passed, failures, skips }: Tally): string {
  return `${passed} passed, ${failures.length} failed, ${skips.length} skipped`;
}

function section(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : ["", title, ...rows.map((row) => `  ${row}`)];
}
