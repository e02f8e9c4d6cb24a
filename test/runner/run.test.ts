import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";

const RUNNER = join(import.meta.dirname, "../run.ts");
const IMPORTS = `import assert from "node:assert/strict";\nimport { before, describe, test } from "node:test";\n`;

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the runner over a checkout that has only these files; it is interrupted when it prints `interruptOn`. */
function runOver(files: Readonly<Record<string, string>>, args: readonly string[], interruptOn?: string): Promise<Result> {
  return runNode(files, [RUNNER, ...args], interruptOn);
}

async function runNode(files: Readonly<Record<string, string>>, args: readonly string[], interruptOn?: string): Promise<Result> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-run-"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), content);
  }
  // With this variable node:test takes the runner for a part of this test.
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd: folder.path, env, stdio: ["ignore", "pipe", "pipe"] });
  const closed = Promise.withResolvers<number | null>();
  child.on("close", closed.resolve);
  if (interruptOn !== undefined) child.stdout.on("data", (chunk) => String(chunk).includes(interruptOn) && child.kill("SIGINT"));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed.promise]);
  return { code, stdout, stderr };
}

/** The lines after the heading, without their indent. */
function section(stdout: string, heading: string): string[] {
  const [, rest = ""] = stdout.split(`\n${heading}\n`);
  return rest
    .slice(0, rest.indexOf("\n\n"))
    .split("\n")
    .map((line) => line.trim());
}

function lastLine(stdout: string): string | undefined {
  return stdout.trimEnd().split("\n").at(-1);
}

test("run.ts counts tests without subtests, and a parent or a hook that fails by itself", async () => {
  const mixed = `${IMPORTS}describe("suite", () => {
  test("passes", () => {});
  test("fails", () => assert.equal(1, 2));
});
test("parent", async (t) => {
  await t.test("child passes", () => {});
  await t.test("child skips", (t) => t.skip("no cluster"));
});
test("parent of a failure", (t) => t.test("child fails", () => assert.fail("child")));
test("own failure", async (t) => {
  await t.test("child passes", () => {});
  assert.fail("own");
});
describe("hook", () => { before(() => assert.fail("hook")); });
describe("whole suite", { skip: "no root" }, () => { test("a", () => {}); test("b", () => {}); });
test("later", { todo: "next issue" }, () => assert.fail("not yet"));
`;
  const { code, stdout } = await runOver({ "src/mixed.test.ts": mixed }, ["stage", "unit"]);
  assert.equal(code, 1);
  assert.deepEqual(section(stdout, "Failed:"), [
    "src/mixed.test.ts:5 suite > fails",
    "src/mixed.test.ts:11 parent of a failure > child fails",
    "src/mixed.test.ts:12 own failure",
    "src/mixed.test.ts:16 hook",
  ]);
  assert.deepEqual(section(stdout, "Skipped:"), [
    "src/mixed.test.ts:9 parent > child skips: no cluster",
    "src/mixed.test.ts:17 whole suite: no root",
    "src/mixed.test.ts:18 later: to be done: next issue",
  ]);
  assert.equal(lastLine(stdout), "3 passed, 4 failed, 3 skipped");
});

test("run.ts shows what a failed test threw and what its file printed", async () => {
  const file = `${IMPORTS}test("a", () => { console.log("printed"); assert.equal("is", "wanted"); });`;
  const { stdout } = await runOver({ "src/a.test.ts": file }, ["stage", "unit"]);
  assert.match(stdout, /^FAIL src\/a\.test\.ts:3 a\nAssertionError.*\n.*wanted/ms);
  assert.match(stdout, /^Output of src\/a\.test\.ts:\nprinted$/m);
});

test("run.ts counts a file that crashes, exits, is killed or has no test as a failure", async () => {
  const files = {
    "src/crash.test.ts": `throw new Error("boom");`,
    "src/empty.test.ts": "export {};",
    "src/exit.test.ts": "process.exit(3);",
    "src/good.test.ts": `${IMPORTS}test("a", () => {});`,
    "src/killed.test.ts": `process.kill(process.pid, "SIGKILL");`,
  };
  const { code, stdout } = await runOver(files, ["stage", "unit"]);
  assert.equal(code, 1);
  assert.deepEqual(
    section(stdout, "Failed:"),
    ["crash", "empty", "exit", "killed"].map((name) => `src/${name}.test.ts`),
  );
  assert.match(stdout, /Error: boom/);
  assert.match(stdout, /FAIL src\/exit\.test\.ts\nThe process ended with exit code 3/);
  assert.match(stdout, /FAIL src\/killed\.test\.ts\nThe process was ended by SIGKILL/);
  assert.match(stdout, /FAIL src\/empty\.test\.ts\nThe file has no test/);
  assert.equal(lastLine(stdout), "1 passed, 4 failed, 0 skipped");
});

test("run.ts ends with 0 when all passed, and hands the seed of property tests down", async () => {
  const file = `${IMPORTS}test("a", () => { if (!/^\\d+$/.test(process.env.HOLDFAST_TEST_SEED)) assert.fail("no seed"); });`;
  const { code, stdout } = await runOver({ "src/a.test.ts": file }, ["stage", "unit"]);
  assert.deepEqual([code, lastLine(stdout)], [0, "1 passed, 0 failed, 0 skipped"]);
  assert.match(stdout, /^Seed of property tests: HOLDFAST_TEST_SEED=\d+$/m);
});

test("run.ts goes on after a failed stage, leaves out stages without files, and counts a failed tool once", async () => {
  const files = {
    "node_modules/oxlint/bin/oxlint": `console.log("found something"); process.exit(1);`,
    "node_modules/typescript/bin/tsc": "",
    "test/e2e/a.test.ts": `${IMPORTS}test("a", () => {});`,
  };
  const { code, stdout } = await runOver(files, ["stage", "lint", "types", "integration", "e2e"]);
  const rows = Array.from(stdout.matchAll(/^(\w+) +[\d.]+ s {2}(.*)$/gm), ([, name, counts]) => `${name} ${counts}`);
  assert.deepEqual(rows, [
    "lint 0 passed, 1 failed, 0 skipped",
    "types 1 passed, 0 failed, 0 skipped",
    "e2e 1 passed, 0 failed, 0 skipped",
  ]);
  assert.match(stdout, /^found something$/m);
  assert.deepEqual([code, lastLine(stdout)], [1, "2 passed, 1 failed, 0 skipped"]);
});

test("run.ts ends with 1 when nothing ran", async () => {
  const { code, stdout } = await runOver({}, ["stage", "unit"]);
  assert.deepEqual([code, lastLine(stdout)], [1, "0 passed, 0 failed, 0 skipped"]);
});

test("run.ts without a stage, or with one that is not there, says what there is and ends with 2", async () => {
  for (const args of [[], ["everything"], ["stage"], ["stage", "x"], ["check", "x"]]) {
    const { code, stderr } = await runOver({}, args);
    assert.equal(code, 2);
    assert.match(stderr, /hint: Stages are format, lint, types, unit, contract, integration, interop, go, dev, e2e/);
  }
});

test("run.ts on SIGINT ends its children and then itself with 130", async () => {
  const hanging = `${IMPORTS}
test("takes over a second", () => { console.log(process.pid); return new Promise((resolve) => setTimeout(resolve, 1_100)); });
test("hangs", () => new Promise((resolve) => setTimeout(resolve, 60_000)));`;
  const { code, stdout } = await runOver({ "src/a.test.ts": hanging }, ["stage", "unit"], "takes over");
  assert.deepEqual([code, lastLine(stdout)], [130, "1 passed, 1 failed, 0 skipped"]);
  assert.match(stdout, /^FAIL src\/a\.test\.ts\nInterrupted$/m);
  assertEnded(stdout);
});

test("nodeStage() ends a file that takes too long, and counts that as a failure", async () => {
  const nodeStage = JSON.stringify(import.meta.resolve("./node-stage.ts"));
  const script = `
    import { nodeStage } from ${nodeStage};
    const stage = nodeStage("unit", { patterns: ["*.test.ts"], concurrency: 1, fileTimeoutMs: 3_000 });
    const tally = await stage.run({ root: process.cwd(), signal: new AbortController().signal, print: console.log });
    console.log(JSON.stringify(tally));`;
  const hanging = `${IMPORTS}
test("a", () => console.log(process.pid));
test("hangs", () => new Promise((resolve) => setTimeout(resolve, 60_000)));`;
  const { stdout } = await runNode({ "a.test.ts": hanging, "stage.ts": script }, ["stage.ts"]);
  assert.deepEqual(JSON.parse(lastLine(stdout) ?? ""), {
    passed: 1,
    failures: [{ name: "a.test.ts", text: "Did not end within 3 s" }],
    skips: [],
  });
  assertEnded(stdout);
});

/** The process whose id the test file printed is gone. */
function assertEnded(stdout: string): void {
  const pid = Number(/^Output of \S+:\n(\d+)$/m.exec(stdout)?.[1]);
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
}
