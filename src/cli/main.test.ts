import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtempDisposable, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import packageJson from "../../package.json" with { type: "json" };

const LAUNCHER = join(import.meta.dirname, "../../bin/holdfast");

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(program: string, args: readonly string[]): Promise<Result> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const closed = Promise.withResolvers<number | null>();
  child.on("close", closed.resolve);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed.promise]);
  return { code, stdout, stderr };
}

function holdfast(...args: readonly string[]): Promise<Result> {
  return run(LAUNCHER, args);
}

test("holdfast --version prints the version of the package", async () => {
  assert.deepEqual(await holdfast("--version"), { code: 0, stdout: `${packageJson.version}\n`, stderr: "" });
});

test("holdfast --help, help and nothing at all print the same help", async () => {
  const help = await holdfast("--help");
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /^Usage: holdfast /);
  assert.deepEqual(await holdfast("help"), help);
  assert.deepEqual(await holdfast(), help);
  assert.match((await holdfast("help", "help")).stdout, /^Usage: holdfast help /);
});

const mistakes: readonly (readonly [args: readonly string[], stderr: string])[] = [
  [["hlep"], 'Unknown command "hlep"\n  hint: Did you mean "help"?\n'],
  [["zzz"], 'Unknown command "zzz"\n  hint: Run "holdfast --help" for what there is\n'],
  [["storage", "chek"], 'Unknown command "chek"\n  hint: Did you mean "check"?\n'],
  [["help", "zzz"], 'Unknown command "zzz"\n  hint: Run "holdfast --help" for what there is\n'],
  [["--outptu", "json"], 'Unknown option "--outptu"\n  hint: Did you mean "--output"?\n'],
  [["-o", "text"], 'Missing command\n  hint: Run "holdfast --help" for what there is\n'],
];
for (const [args, stderr] of mistakes) {
  test(`holdfast ${args.join(" ")} says what is wrong and ends with 2`, async () => {
    assert.deepEqual(await holdfast(...args), { code: 2, stdout: "", stderr });
  });
}

test("holdfast -o with an unknown format names the formats", async () => {
  const { code, stderr } = await holdfast("-o", "xml");
  assert.equal(code, 2);
  assert.match(stderr, /"xml".*text, json/);
});

test("holdfast -o json writes errors as JSON on standard error, wherever the option stands", async () => {
  for (const args of [
    ["-o", "json", "hlep"],
    ["hlep", "--output=json"],
  ]) {
    const { code, stdout, stderr } = await holdfast(...args);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.deepEqual(JSON.parse(stderr), {
      error: {
        kind: "usage",
        code: "unknown_command",
        message: 'Unknown command "hlep"',
        reason: "InvalidSpec",
        retryable: false,
        exitCode: 2,
        hint: 'Did you mean "help"?',
      },
    });
  }
});

test("holdfast is quiet when nobody reads its output", async () => {
  const { code, stderr } = await run("/bin/sh", ["-c", `{ sleep 0.1; "$0" --help; echo "code $?" >&2; } | true`, LAUNCHER]);
  assert.deepEqual([code, stderr], [0, "code 0\n"]);
});

test("bin/holdfast starts through links, relative ones and in a chain", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-bin-"));
  await symlink(LAUNCHER, join(folder.path, "first"));
  await symlink("first", join(folder.path, "second"));
  assert.equal((await run(join(folder.path, "second"), ["--version"])).stdout, `${packageJson.version}\n`);
});

test("bin/holdfast without its dependencies says what to do and ends with 9", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-bin-"));
  await mkdir(join(folder.path, "bin"));
  await cp(LAUNCHER, join(folder.path, "bin/holdfast"));
  const { code, stdout, stderr } = await run(join(folder.path, "bin/holdfast"), ["--version"]);
  assert.deepEqual([code, stdout], [9, ""]);
  assert.equal(stderr, `Cannot start holdfast: its dependencies are not installed, run "npm ci" in "${folder.path}"\n`);
});

/**
 * Processor time of the start, the fastest of some. Nothing waits at a start, so on a machine that is free this is what a
 * person waits; unlike that, it does not grow with whatever else the machine does.
 */
const STARTS = 7;
const START_LIMIT_MS = 150;
for (const option of ["--help", "--version"]) {
  test(`holdfast ${option} takes under ${START_LIMIT_MS} ms`, async () => {
    const times: number[] = [];
    for (let start = 0; start < STARTS; start++) times.push(await processorMs(option));
    assert.ok(Math.min(...times) < START_LIMIT_MS, `took ${times.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  });
}

/** User and system time, which the shell's `times` tells of its children in its second line: "0m0.050000s 0m0.020000s". */
async function processorMs(option: string): Promise<number> {
  const { code, stdout } = await run("/bin/sh", ["-c", '"$0" "$1" > /dev/null && times', LAUNCHER, option]);
  const parts = Array.from(
    (stdout.split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g),
    ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
  );
  assert.deepEqual([code, parts.length], [0, 2]);
  return parts.reduce((sum, seconds) => sum + seconds * 1000, 0);
}
