/** Results as Markdown: one table for each data set and store, with every tool's speed as a multiple of restic's. */
import { CASES } from "./cases.ts";
import { type Result } from "./results.ts";

const BASE = "restic";
const HEAD = [
  "| case | tool | wall s | CPU s | peak MB | stored MB | speed | by CPU |",
  "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
] as const;

export function markdown(results: readonly Result[]): string {
  const groups = Map.groupBy(results, ({ data, store }) => `${data}, ${store}`);
  return [...groups].map(([name, group]) => `### ${name}\n\n${[...HEAD, ...rows(group)].join("\n")}\n`).join("\n");
}

function rows(group: readonly Result[]): string[] {
  return CASES.flatMap(({ name, description }) => {
    const results = group.filter((result) => result.case === name);
    const base = results.find(({ tool }) => tool === BASE);
    return results.map((result, index) => row(index === 0 ? description : "", result, base));
  });
}

function row(description: string, { tool, median }: Result, base: Result | undefined): string {
  const { wallSeconds, cpuSeconds, peakBytes, storedBytes } = median;
  const cells = [
    description,
    tool,
    wallSeconds.toFixed(2),
    cpuSeconds.toFixed(2),
    megabytes(peakBytes),
    megabytes(storedBytes),
    ratio(base?.median.wallSeconds, wallSeconds),
    ratio(base?.median.cpuSeconds, cpuSeconds),
  ];
  return `| ${cells.join(" | ")} |`;
}

function ratio(base: number | undefined, own: number): string {
  return base === undefined ? "–" : `${(base / own).toFixed(2)}x`;
}

function megabytes(bytes: number): string {
  const amount = bytes / 1e6;
  return amount.toFixed(Math.abs(amount) < 10 ? 1 : 0);
}
