import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";

const PRELUDE = `
  import { systemClock } from ${url("../base/clock.ts")};
  import { createProgram } from ${url("./program.ts")};
  import { runAsProcess } from ${url("./run-as-process.ts")};
  import { runCommand } from ${url("./run-command.ts")};
`;

function url(path: string): string {
  return JSON.stringify(import.meta.resolve(path));
}

/** Starts holdfast with one more command, "try", whose body sees `signal`; returns once that has printed something. */
async function startCommand(body: string): Promise<ChildProcessByStdio<null, Readable, Readable>> {
  const script = `${PRELUDE}
    await runAsProcess((signal) => {
      const program = createProgram();
      program.command("try").action(async () => { process.stdout.write("started\\n"); ${body} });
      return runCommand(program, ["try"]);
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "pipe"] });
  await once(child.stdout, "data");
  return child;
}

async function endOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const closed = Promise.withResolvers<number | null>();
  child.on("close", closed.resolve);
  const [stderr, code] = await Promise.all([text(child.stderr), closed.promise]);
  return { code, stderr };
}

for (const name of ["SIGINT", "SIGTERM"] as const) {
  test(`runAsProcess() on ${name} aborts the command, which ends with 130`, async () => {
    const child = await startCommand("await systemClock.sleep(60_000, signal);");
    child.kill(name);
    assert.deepEqual(await endOf(child), { code: 130, stderr: `Cancelled by ${name}\n` });
  });
}

test("runAsProcess() ends at once on a second signal", async () => {
  const child = await startCommand(
    `signal.addEventListener("abort", () => process.stdout.write("cleaning up")); await systemClock.sleep(60_000);`,
  );
  child.kill("SIGINT");
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  assert.deepEqual(await endOf(child), { code: 143, stderr: "" });
});

test("runAsProcess() stops a command whose output nobody reads, quietly", async () => {
  const child = await startCommand(`while (true) { process.stdout.write("more\\n"); await systemClock.sleep(1, signal); }`);
  child.stdout.destroy();
  assert.deepEqual(await endOf(child), { code: 130, stderr: "" });
});

test("runAsProcess() shows a bug with its stack and ends with 1", async () => {
  const child = await startCommand(`throw new TypeError("x is not a function");`);
  child.stdout.resume();
  const { code, stderr } = await endOf(child);
  assert.equal(code, 1);
  assert.match(stderr, /^x is not a function\nTypeError: x is not a function\n\s+at /);
});
