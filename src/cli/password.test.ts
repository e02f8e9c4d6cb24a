import assert from "node:assert/strict";
import { chmod, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as settle } from "node:timers/promises";
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import { readPassword } from "./password.ts";
import { fakeContext } from "./testing/fake-context.ts";

function refusal(kind: string, code: string): (error: unknown) => boolean {
  return (error) => error instanceof DomainError && error.kind === kind && error.code === code;
}

function ignore(): void {}

test("readPassword() takes it from the environment, and out of it", async () => {
  const environment = { HOLDFAST_PASSWORD: "a secret", OTHER: "x" };
  assert.equal(await readPassword(undefined, fakeContext(environment), ignore), "a secret");
  assert.deepEqual(environment, { OTHER: "x" });
});

const files: readonly (readonly [content: string, password: string])[] = [
  ["secret", "secret"],
  ["secret\n", "secret"],
  ["secret\r\n", "secret"],
  [" two\nlines \n\n", " two\nlines \n"],
  ["grün", "grün"],
];
for (const [content, password] of files) {
  test(`readPassword() reads ${JSON.stringify(content)} from a file`, async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-password-"));
    const path = join(folder.path, "password");
    await writeFile(path, content, { mode: 0o600 });
    const environment = { HOLDFAST_PASSWORD: "other" };
    const findings: Finding[] = [];
    assert.equal(await readPassword(path, fakeContext(environment), (finding) => findings.push(finding)), password);
    assert.deepEqual([environment, findings], [{}, []]);
  });
}

test("readPassword() reports a file that everyone may read", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-password-"));
  const path = join(folder.path, "password");
  await writeFile(path, "secret");
  await chmod(path, 0o644);
  const findings: Finding[] = [];
  await readPassword(path, fakeContext(), (finding) => findings.push(finding));
  assert.deepEqual(
    findings.map(({ grade, code, object }) => [grade, code, object]),
    [["info", "password_file_readable", path]],
  );
});

test("readPassword() refuses a file that is empty, too large, a folder, or not there", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-password-"));
  await writeFile(join(folder.path, "empty"), "\n");
  await writeFile(join(folder.path, "large"), "x".repeat(64 * 1024 + 1));
  for (const name of ["empty", "large", "", "missing"]) {
    await assert.rejects(readPassword(join(folder.path, name), fakeContext(), ignore), refusal("usage", "password_file"));
  }
});

test("readPassword() says what to do where nothing was given and nobody can be asked", async () => {
  await assert.rejects(readPassword(undefined, fakeContext(), ignore), refusal("usage", "password_missing"));
  await assert.rejects(readPassword(undefined, fakeContext({ HOLDFAST_PASSWORD: "" }), ignore), refusal("usage", "password_missing"));
});

test("readPassword() asks at a terminal and does not show what is typed", async () => {
  const asked = fakeContext({}, 80);
  const password = readPassword(undefined, asked, ignore);
  await settle();
  assert.ok(asked.stdin.isRaw);
  asked.stdin.write("secrex\x7ft\r");
  assert.equal(await password, "secret");
  assert.equal(asked.stderr.take(), "Password of the repository: \n");
  assert.ok(!asked.stdin.isRaw);
});

const keys: readonly (readonly [name: string, typed: string, kind: string, code: string])[] = [
  ["Ctrl-C", "sec\x03", "cancelled", "interrupted"],
  ["Ctrl-D", "\x04", "usage", "password_missing"],
  ["nothing", "\r", "usage", "password_missing"],
];
for (const [name, typed, kind, code] of keys) {
  test(`readPassword() ends with ${kind} on ${name}`, async () => {
    const asked = fakeContext({}, 80);
    const password = readPassword(undefined, asked, ignore);
    await settle();
    asked.stdin.write(typed);
    await assert.rejects(password, refusal(kind, code));
    assert.ok(!asked.stdin.isRaw);
  });
}
