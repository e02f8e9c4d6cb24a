import assert from "node:assert/strict";
import { test } from "node:test";
import { type CaseName, withNeeded } from "./cases.ts";
import { median, Results, type Sample } from "./results.ts";
import { markdown } from "./table.ts";

const sample = (wallSeconds: number, cpuSeconds = 2 * wallSeconds): Sample => ({
  wallSeconds,
  cpuSeconds,
  peakBytes: 140e6,
  storedBytes: 1_400e6,
});

for (const [values, middle] of [
  [[3], 3],
  [[9, 1, 3], 3],
  [[10, 9, 1, 2], 5.5],
] as const) {
  test(`median() of ${values.join(", ")} is ${middle}`, () => assert.equal(median(values), middle));
}

test("withNeeded() adds what a case needs before it, in order", () => {
  const needed = (...names: CaseName[]): string[] => withNeeded(new Set(names)).map(({ name }) => name);
  assert.deepEqual(needed("prune"), ["first", "changed", "prune"]);
  assert.deepEqual(needed("check", "unchanged"), ["first", "unchanged", "check"]);
  assert.deepEqual(needed("first"), ["first"]);
});

test("Results gives each figure's median by itself", () => {
  const results = new Results();
  const of = { data: "mixed", store: "local", case: "first", tool: "restic" } as const;
  for (const each of [sample(3, 1), sample(1, 9), sample(2, 5)]) results.add(of, each);
  results.add({ ...of, tool: "kopia" }, sample(7));
  const [restic, kopia] = results.all();
  assert.deepEqual(restic?.median, sample(2, 5));
  assert.equal(restic.samples.length, 3);
  assert.deepEqual([kopia?.tool, kopia?.median.wallSeconds], ["kopia", 7]);
});

test("markdown() makes a table for each data set and store, with speeds as multiples of restic's", () => {
  const results = new Results();
  const add = (of: { store: string; case: CaseName; tool: string }, figures: Sample): void =>
    results.add({ data: "mixed", ...of }, figures);
  add({ store: "local", case: "unchanged", tool: "restic" }, { ...sample(1), storedBytes: 0 });
  add({ store: "local", case: "first", tool: "restic" }, sample(12));
  add({ store: "local", case: "first", tool: "holdfast" }, sample(4, 6));
  add({ store: "s3", case: "prune", tool: "holdfast" }, { ...sample(1.5), storedBytes: -4.94e6 });
  const head = [
    "| case | tool | wall s | CPU s | peak MB | stored MB | speed | by CPU |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
  ];
  assert.deepEqual(markdown(results.all()).split("\n"), [
    "### mixed, local",
    "",
    ...head,
    "| first backup | restic | 12.00 | 24.00 | 140 | 1400 | 1.00x | 1.00x |",
    "|  | holdfast | 4.00 | 6.00 | 140 | 1400 | 3.00x | 4.00x |",
    "| unchanged backup | restic | 1.00 | 2.00 | 140 | 0.0 | 1.00x | 1.00x |",
    "",
    "### mixed, s3",
    "",
    ...head,
    "| prune after the first data is forgotten | holdfast | 1.50 | 3.00 | 140 | -4.9 | – | – |",
    "",
  ]);
});
