import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCodeOf } from "../../src/base/errors.ts";
import { run } from "./run.ts";

const failures: readonly (readonly [said: string, code: string, exitCode: number])[] = [
  ["cp: error writing 'x': No space left on device", "disk_full", 7],
  ["go: dial tcp: lookup example on [::1]:53: no such host", "network_down", 7],
  ["E: Temporary failure resolving 'example'", "network_down", 7],
  ["undefined: main", "command_failed", 1],
];
for (const [said, code, exitCode] of failures) {
  test(`run() tells "${said}" as ${code}`, async () => {
    const failing = run("sh", ["-c", 'echo "$1" >&2; exit 3', "sh", said]);
    await assert.rejects(failing, (error: Error & { code?: string }) => {
      assert.deepEqual([error.code, exitCodeOf(error)], [code, exitCode]);
      assert.equal(error.message, `Cannot finish "sh -c": exit status 3\n${said}`);
      return true;
    });
  });
}

test("run() hands over its input and gives back both outputs", async () => {
  assert.deepEqual(await run("sh", ["-c", "cat; echo aside >&2"], { input: "text" }), { stdout: "text", stderr: "aside\n" });
});

test("run() names a program that is not there", async () => {
  await assert.rejects(run("no-such-program", []), {
    code: "command_missing",
    message: 'Cannot run "no-such-program": no such program on this machine',
  });
});

test("run() ends the command when its signal aborts", async () => {
  const abort = new AbortController();
  const running = run("sleep", ["1000"], { signal: abort.signal });
  abort.abort();
  await assert.rejects(running, { kind: "cancelled" });
});
