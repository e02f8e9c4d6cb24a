import assert from "node:assert/strict";
import { mkdtempDisposable, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DomainError } from "../base/errors.ts";
import { handOut } from "./new-secret.ts";
import { fakeContext } from "./testing/fake-context.ts";

const SECRET = "open sesame";

test("handOut() writes a file for its owner only, before the secret counts", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-secret-"));
  const file = join(folder.path, "key");
  const context = fakeContext();
  assert.equal(await handOut(SECRET, { reveal: false, file }, context, async () => readFile(file, "utf8")), `${SECRET}\n`);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(context.stdout.take() + context.stderr.take(), "");
});

test("handOut() never writes over a file", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-secret-"));
  const file = join(folder.path, "key");
  await writeFile(file, "older");
  const refused = handOut(SECRET, { reveal: false, file }, fakeContext(), async () => assert.fail("used"));
  await assert.rejects(refused, { kind: "conflict", code: "secret_file_exists" });
  assert.equal(await readFile(file, "utf8"), "older");
});

test("handOut() keeps the file only if the secret may count", async () => {
  for (const [kind, kept] of [
    ["conflict", []],
    ["unavailable", ["key"]],
    ["cancelled", ["key"]],
  ] as const) {
    await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-secret-"));
    const failing = handOut(SECRET, { reveal: false, file: join(folder.path, "key") }, fakeContext(), async () =>
      Promise.reject(new DomainError(kind, "x", "Cannot")),
    );
    await assert.rejects(failing, { kind });
    assert.deepEqual(await readdir(folder.path), kept);
  }
});

test("handOut() reveals a secret to a terminal, and to nothing else", async () => {
  const terminal = fakeContext({}, 80);
  await handOut(SECRET, { reveal: true, file: undefined }, terminal, async () => Promise.resolve());
  assert.equal(terminal.stderr.take(), `${SECRET}\n`);
  const pipe = fakeContext();
  const refused = handOut(SECRET, { reveal: true, file: undefined }, pipe, async () => assert.fail("used"));
  await assert.rejects(refused, { kind: "usage", code: "terminal_missing" });
  assert.equal(pipe.stdout.take() + pipe.stderr.take(), "");
});
