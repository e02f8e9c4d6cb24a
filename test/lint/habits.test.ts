import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { lintFiles } from "./oxlint.ts";

const ROOT = join(import.meta.dirname, "../..");

const TIME_USES = {
  "now.ts": "export const x: number = Date.now();\n",
  "date.ts": "export const x: unknown = new Date();\n",
  "performance.ts": "export const x: number = performance.now();\n",
  "timeout.ts": "setTimeout(() => undefined, 1);\n",
  "timer.ts": `import { setTimeout as wait } from "node:timers/promises";\nexport const x: unknown = wait;\n`,
  "timers.ts": `import * as timers from "node:timers";\nexport const x: unknown = timers;\n`,
};

function below(folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(TIME_USES).map(([name, text]) => [`${folder}/${name}`, text]));
}

test("the product may not take time or timers from anywhere but the clock; dev and test may", async () => {
  const clock = { "src/base/clock.ts": Object.values(TIME_USES)[0] ?? "" };
  const findings = await lintFiles({ ...below("src/kube"), ...below("dev/cluster"), ...below("test/e2e"), ...clock });
  const files = new Set(findings.map(({ filename }) => filename));
  assert.deepEqual([...files].toSorted(), Object.keys(below("src/kube")).toSorted());
});

test("the product may not write to the console", async () => {
  const findings = await lintFiles({ "src/kube/x.ts": `console.log("x");\n` });
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["eslint(no-console)"],
  );
});

// The linter cannot say this without doubling every rule about imports.
test("only tests import testing folders", async () => {
  const offenders: string[] = [];
  for await (const file of glob("src/**/*.ts", { cwd: ROOT })) {
    if (file.endsWith(".test.ts") || file.includes("/testing/")) continue;
    if (/from "[^"]*\/testing\//.test(await readFile(join(ROOT, file), "utf8"))) offenders.push(file);
  }
  assert.deepEqual(offenders, []);
});

test("package-lock.json names no registry, so that anyone's can be used", async () => {
  assert.doesNotMatch(await readFile(join(ROOT, "package-lock.json"), "utf8"), /"resolved"/);
});
