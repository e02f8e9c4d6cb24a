import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempDisposable, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeDurably } from "./write-durably.ts";

const MIB = 1 << 20;
/** Held in memory by the kernel: it takes no direct writes, or takes them and ignores it. */
const MEMORY_FOLDER = "/dev/shm";

for (const [where, parent] of [
  ["on a disk", tmpdir()],
  ["in memory", MEMORY_FOLDER],
] as const) {
  test(`writeDurably() writes all bytes of any length, ${where}`, async () => {
    await using folder = await mkdtempDisposable(join(parent, "holdfast-write-"));
    const body = randomBytes(9 * MIB + 5000);
    for (const length of [0, 1, MIB - 1, MIB, MIB + 1, 4 * MIB, 4 * MIB + 4096, 8 * MIB + 4095, body.length]) {
      const path = join(folder.path, String(length));
      // A view that begins anywhere, as packs do.
      await writeDurably(path, body.subarray(body.length - length), 0o640);
      assert.ok((await readFile(path)).equals(body.subarray(body.length - length)), String(length));
      assert.equal((await stat(path)).mode & 0o777, 0o640);
    }
  });
}

test("writeDurably() does not touch a file that is there", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-write-"));
  const path = join(folder.path, "there");
  await writeFile(path, "mine");
  for (const length of [1, 2 * MIB]) await assert.rejects(writeDurably(path, new Uint8Array(length), 0o600), { code: "EEXIST" });
  assert.equal(await readFile(path, "utf8"), "mine");
});

test("writeDurably() writes several files at a time", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-write-"));
  const bodies = Array.from({ length: 6 }, (_, at) => new Uint8Array(5 * MIB + at).fill(at));
  await Promise.all(bodies.map(async (body, at) => writeDurably(join(folder.path, String(at)), body, 0o600)));
  for (const [at, body] of bodies.entries()) assert.ok((await readFile(join(folder.path, String(at)))).equals(body));
});
