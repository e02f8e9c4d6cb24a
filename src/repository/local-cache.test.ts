import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Finding } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { cacheFolder, type LocalCache, openLocalCache } from "./local-cache.ts";

const HOUR_MS = 3_600_000;

interface Opened {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly findings: readonly Finding[];
  readonly open: (maxBytes?: number) => LocalCache;
}

async function setUp(t: TestContext): Promise<Opened> {
  const parent = await mkdtemp(join(tmpdir(), "holdfast-cache-"));
  t.after(() => rm(parent, { recursive: true, force: true }));
  const folder = join(parent, "a", "cache");
  const clock = new FakeClock();
  const findings: Finding[] = [];
  const report = (finding: Finding): void => void findings.push(finding);
  return { folder, clock, findings, open: (maxBytes) => openLocalCache(folder, { clock, report, maxBytes }) };
}

function idOf(bytes: Uint8Array): HexId {
  return hash("sha256", bytes) as HexId;
}

function filled(seed: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(seed);
}

test("get() gives what was put, also to another process, and nothing else", async (t) => {
  const { folder, findings, open } = await setUp(t);
  const cache = open();
  const bytes = Buffer.from("sealed");
  assert.equal(await cache.get("index", idOf(bytes)), undefined);
  await cache.put("index", idOf(bytes), bytes);
  await cache.put("index", idOf(bytes), bytes);
  assert.deepEqual(await cache.get("index", idOf(bytes)), bytes);
  assert.deepEqual(await open().get("index", idOf(bytes)), bytes);
  assert.equal(await cache.get("snapshots", idOf(bytes)), undefined);
  assert.deepEqual(await readdir(join(folder, "unfinished")), []);
  assert.deepEqual(findings, []);
});

test("get() deletes a damaged file and gives nothing", async (t) => {
  const { folder, open } = await setUp(t);
  const cache = open();
  const bytes = Buffer.from("sealed");
  const id = idOf(bytes);
  await cache.put("data", id, bytes);
  const path = join(folder, "data", id.slice(0, 2), id);
  for (const damage of [Buffer.from("sealeD"), Buffer.from("seal"), Buffer.alloc(0)]) {
    await writeFile(path, damage);
    assert.equal(await cache.get("data", id), undefined);
    await assert.rejects(stat(path), { code: "ENOENT" });
  }
  await cache.put("data", id, bytes);
  assert.deepEqual(await cache.get("data", id), bytes);
});

test("put() makes a private folder that backup programs pass over", async (t) => {
  const { folder, open } = await setUp(t);
  const bytes = Buffer.from("sealed");
  const id = idOf(bytes);
  await open().put("data", id, bytes);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.equal((await stat(join(folder, "data", id.slice(0, 2), id))).mode & 0o777, 0o600);
  assert.match(await readFile(join(folder, "CACHEDIR.TAG"), "utf8"), /^Signature: 8a477f597d28d172789f06886806bc55\n/);
});

test("put() keeps to the bound by dropping what was used longest ago", async (t) => {
  const { clock, open } = await setUp(t);
  const cache = open(1_000);
  const files = Array.from({ length: 9 }, (_, index) => filled(index, 100));
  for (const file of files) {
    await cache.put("data", idOf(file), file);
    await clock.advance(2 * HOUR_MS);
  }
  const first = files[0] ?? assert.fail();
  assert.deepEqual(Buffer.from((await cache.get("data", idOf(first))) ?? []), Buffer.from(first));
  for (const seed of [20, 21, 22]) {
    await clock.advance(HOUR_MS);
    await cache.put("index", idOf(filled(seed, 100)), filled(seed, 100));
  }
  const left = await Promise.all(files.map(async (file) => (await cache.get("data", idOf(file))) !== undefined));
  assert.equal(left[0], true, "it was used lately");
  assert.deepEqual(left.slice(1, 3), [false, false]);
  assert.ok(left.slice(3).every(Boolean), left.join());
  await cache.put("data", idOf(filled(9, 1_001)), filled(9, 1_001));
  assert.equal(await cache.get("data", idOf(filled(9, 1_001))), undefined, "larger than the whole cache");
});

test("put() counts what other processes have put", async (t) => {
  const { folder, open } = await setUp(t);
  const caches = [open(2_000), open(2_000), open(2_000)];
  for (let seed = 0; seed < 60; seed++) await caches[seed % 3]?.put("data", idOf(filled(seed, 100)), filled(seed, 100));
  const all = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.name.length === 64);
  assert.ok(all.length >= 10 && all.length <= 20 + 2, String(all.length));
});

test("concurrent puts and gets of several processes give right bytes or nothing", async (t) => {
  const { findings, open } = await setUp(t);
  const caches = [open(3_000), open(3_000)];
  const work = Array.from({ length: 200 }, async (_, at) => {
    const bytes = filled(at % 50, 100);
    await caches[at % 2]?.put("data", idOf(bytes), bytes);
    const got = await caches[(at + 1) % 2]?.get("data", idOf(bytes));
    if (got !== undefined) assert.deepEqual(Buffer.from(got), Buffer.from(bytes));
  });
  await Promise.all(work);
  assert.deepEqual(findings, []);
});

test("keepOnly() drops the others of its type", async (t) => {
  const { open } = await setUp(t);
  const cache = open();
  await cache.keepOnly("index", new Set());
  const [a, b] = [Buffer.from("a"), Buffer.from("b")];
  for (const type of ["index", "snapshots"] as const) for (const file of [a, b]) await cache.put(type, idOf(file), file);
  await cache.keepOnly("index", new Set([idOf(b)]));
  assert.equal(await cache.get("index", idOf(a)), undefined);
  assert.deepEqual(await cache.get("index", idOf(b)), b);
  assert.deepEqual(await cache.get("snapshots", idOf(a)), a);
});

test("a cache that cannot be written is reported once and fails nothing", async (t) => {
  const { folder, findings, open } = await setUp(t);
  await writeFile(join(folder, "..", "..", "a"), "not a folder");
  const cache = open();
  const bytes = Buffer.from("sealed");
  for (let round = 0; round < 3; round++) await cache.put("data", idOf(bytes), bytes);
  assert.equal(await cache.get("data", idOf(bytes)), undefined);
  await cache.keepOnly("data", new Set());
  assert.deepEqual(
    findings.map(({ grade, code, object }) => ({ grade, code, object })),
    [{ grade: "info", code: "cache_unusable", object: folder }],
  );
  assert.match(findings[0]?.message ?? "", /^Cannot write the local cache, so the command may be slower: (?:ENOTDIR|EEXIST)/);
});

test("put() removes what killed processes left unfinished, and leaves what is being written", async (t) => {
  const { folder, clock, open } = await setUp(t);
  const bytes = Buffer.from("sealed");
  await open().put("data", idOf(bytes), bytes);
  for (const [name, ageMs] of [
    ["old", HOUR_MS + 1_000],
    ["new", HOUR_MS - 1_000],
  ] as const) {
    const path = join(folder, "unfinished", name);
    await writeFile(path, "half");
    await utimes(path, (clock.now() - ageMs) / 1_000, (clock.now() - ageMs) / 1_000);
  }
  await open().put("data", idOf(bytes), bytes);
  assert.deepEqual(await readdir(join(folder, "unfinished")), ["new"]);
});

test("cacheFolder() lies where the system keeps caches, or where it is told", () => {
  const id = "ab".repeat(32) as HexId;
  assert.equal(cacheFolder(id, undefined, { HOME: "/home/a" }), `/home/a/.cache/holdfast/repositories/${id}`);
  assert.equal(cacheFolder(id, undefined, { HOME: "/home/a", XDG_CACHE_HOME: "/c" }), `/c/holdfast/repositories/${id}`);
  assert.equal(cacheFolder(id, undefined, { HOME: "/home/a", XDG_CACHE_HOME: "c" }), `/home/a/.cache/holdfast/repositories/${id}`);
  assert.equal(cacheFolder(id, "/mine", { XDG_CACHE_HOME: "/c" }), `/mine/${id}`);
});
