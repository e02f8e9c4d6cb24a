import assert from "node:assert/strict";
import { test } from "node:test";
import { lintFiles } from "./oxlint.ts";

const BELOW_POINTS = ["base", "native", "storage", "repository", "archive", "location", "kube"];
const BELOW_UNITS = [...BELOW_POINTS, "point", "run", "mover", "blueprint", "api", "application"];
const BELOW_ENTRY = [...BELOW_UNITS, "capture", "recover"];

/** What each folder of src may import, by the design. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: [],
  native: ["base"],
  storage: ["base"],
  repository: ["base", "native", "storage"],
  archive: ["base", "native", "storage", "repository"],
  location: ["base", "native", "storage", "repository"],
  kube: ["base"],
  point: BELOW_POINTS,
  run: ["base", "native", "storage", "repository", "location", "kube"],
  mover: [...BELOW_POINTS, "run"],
  blueprint: ["base", "kube"],
  api: ["base", "kube"],
  application: ["base", "kube", "api"],
  capture: BELOW_UNITS,
  recover: BELOW_UNITS,
  controller: BELOW_ENTRY,
  server: BELOW_ENTRY,
  cli: BELOW_ENTRY,
};
const FOLDERS = Object.keys(ALLOWED);
const OUTSIDE = ["dev", "test", "bench"];

/** Lints one file for each import, and gives the files that were reported for an import. */
async function reported(imports: Readonly<Record<string, string>>): Promise<string[]> {
  const findings = await lintFiles(imports);
  return findings
    .filter(({ code }) => code === "eslint(no-restricted-imports)")
    .map(({ filename }) => filename)
    .toSorted();
}

test("between the folders of src exactly the imports against the direction are reported", async () => {
  const files: Record<string, string> = {};
  const forbidden: string[] = [];
  for (const from of FOLDERS) {
    for (const to of [...FOLDERS, ...OUTSIDE].filter((folder) => folder !== from)) {
      const file = `src/${from}/imports-${to}.ts`;
      const target = OUTSIDE.includes(to) ? `../../${to}/x.ts` : `../${to}/x.ts`;
      files[file] = `import { x } from "${target}";\nexport const y: unknown = x;\n`;
      if (!(ALLOWED[from] ?? []).includes(to)) forbidden.push(file);
    }
  }
  assert.equal(Object.keys(files).length, FOLDERS.length * (FOLDERS.length - 1 + OUTSIDE.length));
  assert.deepEqual(await reported(files), forbidden.toSorted());
});

test("every form of import is reported, from folders below and by longer ways too", async () => {
  const files = {
    "src/base/dynamic.ts": `export const load = (): Promise<unknown> => import("../cli/x.ts");\n`,
    "src/base/type.ts": `import type { X } from "../cli/x.ts";\nexport type Y = X;\n`,
    "src/base/export.ts": `export { x } from "../cli/x.ts";\n`,
    "src/base/below/deep.ts": `import "../../cli/x.ts";\n`,
    "src/base/long.ts": `import "../../src/cli/x.ts";\n`,
    "src/base/x.test.ts": `import "../cli/x.ts";\n`,
    "src/base/testing/x.ts": `import "../../cli/x.ts";\n`,
    "src/base/clock.ts": `import "../cli/x.ts";\n`,
  };
  assert.deepEqual(await reported(files), Object.keys(files).toSorted());
});

test("imports within a folder are not reported, whatever its files are called", async () => {
  const files = {
    "src/base/a.ts": `import "./testing/cli.ts";\nimport "./server.ts";\n`,
    "src/base/below/b.ts": `import "../cli.ts";\n`,
  };
  assert.deepEqual(await reported(files), []);
});

test("dev imports only src/base and src/cli of the product: its programs are command lines too", async () => {
  const files = Object.fromEntries(FOLDERS.map((to) => [`dev/cluster/imports-${to}.ts`, `import "../../src/${to}/x.ts";\n`]));
  const forbidden = FOLDERS.filter((to) => to !== "base" && to !== "cli").map((to) => `dev/cluster/imports-${to}.ts`);
  assert.deepEqual(await reported(files), forbidden.toSorted());
});
