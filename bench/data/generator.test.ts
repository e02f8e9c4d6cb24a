import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempDisposable, readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { changed, copyChanged } from "./changes.ts";
import { writeImage } from "./image.ts";
import { writeDatabase, writeLogs, writeRandomFiles } from "./large-files.ts";
import { jsonLine, makeLog, textLine } from "./logs.ts";
import { writeCrowdedFolder, writeSmallFiles, writeTinyFiles } from "./many-files.ts";
import { makePages, PAGE_BYTES } from "./pages.ts";
import { Seeded } from "./seeded.ts";
import { GIB, KIB, MIB } from "./sizes.ts";

/** Lengths and hashes of all files by path. */
async function contents(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = await readFile(path);
    files.set(path.slice(folder.length + 1), `${content.length} ${createHash("sha256").update(content).digest("hex")}`);
  }
  return new Map([...files].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const writers = [
  { write: writeRandomFiles, amount: 3 * MIB },
  { write: writeLogs, amount: 64 * KIB },
  { write: writeDatabase, amount: 256 * KIB },
  { write: writeSmallFiles, amount: 120 },
  { write: writeTinyFiles, amount: 120 },
  { write: writeCrowdedFolder, amount: 120 },
] as const;
for (const { write, amount } of writers) {
  test(`${write.name}() writes the same files for the same seed, and others for another`, async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "bench-"));
    const make = async (seed: string, name: string): Promise<Map<string, string>> => {
      write(new Seeded(seed), join(folder.path, name), amount);
      return contents(join(folder.path, name));
    };
    const once = await make("a", "once");
    assert.ok(once.size > 0);
    assert.deepEqual(await make("a", "again"), once);
    assert.notDeepEqual(await make("b", "other"), once);
  });
}

test("Seeded gives the bytes that it has always given", () => {
  const random = new Seeded("holdfast");
  assert.equal(createHash("sha256").update(random.bytes(100_000)).digest("hex").slice(0, 16), "9002e9196f2a72b7");
  assert.notEqual(random.fork("a").uint32(), random.fork("b").uint32());
});

const compressions: readonly (readonly [name: string, data: Buffer, least: number, most: number])[] = [
  ["a text log", makeLog(new Seeded("x"), textLine, MIB), 4, 8],
  ["a JSON log", makeLog(new Seeded("x"), jsonLine, MIB), 4, 9],
  ["database pages", makePages(new Seeded("x"), MIB / PAGE_BYTES), 2.5, 5],
  ["random bytes", new Seeded("x").bytes(MIB), 0.9, 1.01],
];
for (const [name, data, least, most] of compressions) {
  test(`${name} compress as such data does`, () => {
    const ratio = data.length / zstdCompressSync(data).length;
    assert.ok(ratio >= least && ratio <= most, `by ${ratio}`);
  });
}

test("makePages() puts row pointers and rows where the header says", () => {
  const page = makePages(new Seeded("x"), 20).subarray(0, PAGE_BYTES);
  const [lower, upper] = [page.readUInt16LE(12), page.readUInt16LE(14)];
  assert.ok(lower > 24 && lower <= upper && upper < PAGE_BYTES);
  assert.ok(page.subarray(lower, upper).every((byte) => byte === 0));
  assert.equal(page.readUInt32LE(lower - 4) & 0x7fff, upper);
});

test("changed() overwrites 2 % of all bytes and shifts some files", () => {
  const random = new Seeded("x");
  let differing = 0;
  let grown = 0;
  const [files, length] = [200, MIB];
  for (let file = 0; file < files; file++) {
    const before = Buffer.alloc(length, "original");
    const after = changed(random.fork(String(file)), Buffer.from(before));
    if (after.length > length) grown++;
    else for (let at = 0; at < length; at++) differing += Number(before[at] !== after[at]);
  }
  const share = differing / (length * (files - grown));
  assert.ok(share > 0.012 && share < 0.025, `share ${share}`);
  assert.ok(grown > files * 0.04 && grown < files * 0.2, `${grown} shifted`);
});

test("copyChanged() copies every file and rewrites 2 % of the small ones", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "bench-"));
  const [first, later] = [join(folder.path, "first"), join(folder.path, "later")];
  writeTinyFiles(new Seeded("x"), first, 500);
  copyChanged(new Seeded("x"), first, later);
  const [before, after] = [await contents(first), await contents(later)];
  assert.deepEqual([...after.keys()], [...before.keys()]);
  const rewritten = [...before].filter(([path, content]) => after.get(path) !== content).length;
  assert.ok(rewritten > 2 && rewritten < 25, `${rewritten} rewritten`);
});

test("writeImage() allocates only what it writes, and changes an image in place", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "bench-"));
  const path = join(folder.path, "disk.img");
  const allocated = async (): Promise<number> => (await stat(path)).blocks * 512;
  writeImage(new Seeded("first"), path, 32 * MIB);
  assert.equal((await stat(path)).size, 1_024 * GIB);
  const before = await allocated();
  assert.ok(before >= 32 * MIB && before < 33 * MIB, `${before} bytes`);
  writeImage(new Seeded("later"), path, 32 * MIB);
  assert.ok((await allocated()) > before);
});
