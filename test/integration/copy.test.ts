import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../src/base/finding.ts";
import type { HexId } from "../../src/base/ids.ts";
import { FakeClock } from "../../src/base/testing/fake-clock.ts";
import { faulty } from "../../src/storage/faulty.ts";
import { intercept } from "../../src/storage/intercept.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";
import { BlobDecoder } from "../../src/repository/blob-decoder.ts";
import { serializeConfig } from "../../src/repository/format/config.ts";
import { decodeTree } from "../../src/repository/format/tree/decode.ts";
import { timestampAt } from "../../src/repository/format/timestamp.ts";
import { initRepository } from "../../src/repository/init.ts";
import { CHUNKER_KEY, CONFIG_KEY, keyOfFile } from "../../src/repository/layout.ts";
import { saveMark } from "../../src/repository/marks.ts";
import { chunkerOf } from "../../src/repository/repository-chunker.ts";
import { openRepository } from "../../src/repository/repository.ts";
import type { Session } from "../../src/repository/session.ts";
import type { StoredSnapshot } from "../../src/repository/snapshots.ts";
import { SAMPLE_OWNER, SAMPLE_SECRET, SampleRepository, type SampleTree } from "../../src/repository/testing/sample-repository.ts";
import { type CopyResult, copySnapshots } from "../../src/repository/copy/copy.ts";

const TREE: SampleTree = {
  empty: "",
  "file.txt": "some text that shrinks ".repeat(100),
  folder: { deeper: { same: "some text that shrinks ".repeat(100), parts: ["one part", "another part"] } },
};

class World {
  readonly clock = new FakeClock();
  readonly findings: Finding[] = [];
  readonly source: SampleRepository;
  readonly targetStore: ObjectStore;

  private constructor(source: SampleRepository, targetStore: ObjectStore) {
    this.source = source;
    this.targetStore = targetStore;
  }

  static async create({ source = 2, target = 2 }: { source?: 1 | 2; target?: 1 | 2 } = {}): Promise<World> {
    const clock = new FakeClock();
    const from = await SampleRepository.init(new MemoryStore({ clock }), clock, { version: source });
    const store = new MemoryStore({ clock });
    const { config } = from.repository;
    await initRepository(store, { secret: SAMPLE_SECRET, owner: SAMPLE_OWNER, clock, version: target, chunkerFrom: config });
    return new World(from, store);
  }

  async target(store: ObjectStore = this.targetStore, signal?: AbortSignal): Promise<Session> {
    return new SampleRepository(await openRepository(store, SAMPLE_SECRET), this.clock).session(this.findings, signal);
  }

  async copy({ snapshots, dryRun = false, source = this.source, store, signal }: Partial<CopyCall> = {}): Promise<CopyResult> {
    await using from = await source.session(this.findings);
    await using to = await this.target(store, signal);
    return await copySnapshots(from, to, {
      snapshots: snapshots ?? from.snapshots,
      dryRun,
      verify: "all",
      clock: this.clock,
      report: (finding) => void this.findings.push(finding),
      progress: () => undefined,
    });
  }

  /** What the target's snapshots hold, the oldest first. */
  async contents(): Promise<SampleTree[]> {
    await using session = await this.target();
    return await Promise.all(session.snapshots.map(async ({ snapshot }) => readTree(session, snapshot.tree)));
  }
}

interface CopyCall {
  readonly snapshots: readonly StoredSnapshot[];
  readonly dryRun: boolean;
  readonly source: SampleRepository;
  /** Of the target. */
  readonly store: ObjectStore;
  readonly signal: AbortSignal;
}

async function readBlob({ index, repository }: Session, type: "data" | "tree", id: HexId): Promise<Uint8Array> {
  const entry = index.findHex(type, id);
  assert.notEqual(entry, -1, `${type} ${id} is not in the index`);
  const pack = await repository.store.get(keyOfFile("data", index.packId(index.packOf(entry))));
  const sealed = pack.subarray(index.offsetOf(entry), index.offsetOf(entry) + index.lengthOf(entry));
  return new BlobDecoder(repository.masterKey).decode(sealed, index.uncompressedLengthOf(entry), id);
}

async function readTree(session: Session, id: HexId): Promise<SampleTree> {
  const nodes = decodeTree(await readBlob(session, "tree", id));
  const entries = nodes.map(async ({ name, subtree, content = [] }) => {
    if (subtree !== undefined) return [name, await readTree(session, subtree)] as const;
    const texts = await Promise.all(content.map(async (blob) => Buffer.from(await readBlob(session, "data", blob)).toString()));
    return [name, texts.length > 1 ? texts : (texts[0] ?? "")] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as SampleTree;
}

/** Changes a byte of the blob where it lies, in whatever pack. */
async function damage({ store }: SampleRepository["repository"], session: Session, type: "data" | "tree", id: HexId): Promise<void> {
  const { index } = session;
  const ids = Uint8Array.fromHex(id);
  for (const entry of index.locations(type, ids, 0)) {
    const key = keyOfFile("data", index.packId(index.packOf(entry)));
    const bytes = await store.get(key);
    const at = index.offsetOf(entry) + 20;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await store.put(key, bytes);
  }
}

for (const [source, target] of [
  [2, 2],
  [1, 2],
  [2, 1],
] as const) {
  test(`copySnapshots() gives the target what the source has, version ${source} to ${target}`, async () => {
    const world = await World.create({ source, target });
    const one = await world.source.addSnapshot(TREE, { tags: ["a"], otherFields: { more: 1 } });
    const two = await world.source.addSnapshot({ ...TREE, new: "added" }, { parent: one.id, time: timestampAt(2_000_000_000_000) });
    const { copied, skipped, failed } = await world.copy();
    assert.deepEqual([copied.map(({ from }) => from), skipped, failed], [[one.id, two.id], [], []]);
    assert.deepEqual(await world.contents(), [TREE, { ...TREE, new: "added" }]);
    assert.deepEqual(world.findings, []);
    await using session = await world.target();
    const [first, second] = session.snapshots.map(({ snapshot }) => snapshot);
    assert.deepEqual(first, { ...one.snapshot, parent: undefined, original: one.id, summary: undefined });
    assert.equal(second?.parent, undefined);
    const compressed = Array.from(session.index.entries(), (entry) => session.index.uncompressedLengthOf(entry) > 0);
    assert.equal(compressed.includes(true), target === 2);
  });
}

test("copySnapshots() stores nothing that the target has, and no snapshot twice", async () => {
  const world = await World.create();
  const one = await world.source.addSnapshot(TREE);
  const first = await world.copy();
  assert.ok(first.bytesWritten > 0);
  const again = await world.copy();
  assert.deepEqual(again, { copied: [], skipped: [one.id], failed: [], bytesRead: 0, bytesWritten: 0 });
  const two = await world.source.addSnapshot(TREE, { tags: ["other"] });
  const other = await world.copy();
  assert.deepEqual([other.copied.map(({ from }) => from), other.skipped, other.bytesWritten], [[two.id], [one.id], 0]);
});

test("copySnapshots() knows a copy of a copy, and takes one with other tags for another snapshot", async () => {
  const world = await World.create();
  const first = "a".repeat(64) as HexId;
  const one = await world.source.addSnapshot(TREE, { original: first, tags: ["x", "y"] });
  await world.copy();
  await world.source.repository.files.remove("snapshots", one.id);
  await world.source.addSnapshot(TREE, { original: first, tags: ["y", "x"] });
  assert.deepEqual((await world.copy()).copied, []);
  await world.source.addSnapshot(TREE, { original: first, tags: ["y"] });
  assert.equal((await world.copy()).copied.length, 1);
});

test("copySnapshots() only counts in a dry run", async () => {
  const world = await World.create();
  const one = await world.source.addSnapshot(TREE);
  const before = await Array.fromAsync(world.targetStore.list(""), ({ key }) => key);
  const planned = await world.copy({ dryRun: true });
  assert.deepEqual(planned.copied, [{ from: one.id, id: undefined }]);
  assert.deepEqual(await Array.fromAsync(world.targetStore.list(""), ({ key }) => key), before);
  const done = await world.copy();
  assert.equal(planned.bytesRead, done.bytesRead);
});

for (const type of ["data", "tree"] as const) {
  test(`copySnapshots() passes over snapshots with a damaged ${type} blob and copies the others`, async () => {
    const world = await World.create();
    const bad = await world.source.addSnapshot(TREE);
    const alsoBad = await world.source.addSnapshot({ ...TREE, more: "text" });
    const good = await world.source.addSnapshot({ other: "content", folder: { deeper: { parts: ["one part", "another part"] } } });
    await using session = await world.source.session();
    const [, , folder] = decodeTree(await readBlob(session, "tree", bad.snapshot.tree));
    const [, file] = decodeTree(await readBlob(session, "tree", bad.snapshot.tree));
    const id = type === "tree" ? folder?.subtree : file?.content?.[0];
    await damage(world.source.repository, session, type, id ?? assert.fail("the sample is another one"));
    const { copied, failed } = await world.copy({ snapshots: [bad, alsoBad, good] });
    assert.deepEqual([copied.map(({ from }) => from), failed], [[good.id], [bad.id, alsoBad.id]]);
    const codes = world.findings.map(({ code, object }) => [code, object]);
    const blob = ["blob_unreadable", `${type} ${id}`];
    assert.deepEqual(codes, [
      blob,
      ["snapshot_not_copied", `snapshots/${bad.id}`],
      blob,
      ["snapshot_not_copied", `snapshots/${alsoBad.id}`],
    ]);
    assert.equal((await world.contents()).length, 1);
  });
}

for (const damaged of [0, 1]) {
  test(`copySnapshots() takes a blob from its other pack where the ${damaged === 0 ? "first" : "second"} is damaged`, async () => {
    const world = await World.create();
    const { files, store } = world.source.repository;
    const one = await world.source.addSnapshot({ file: "only this" });
    const [firstIndex] = await Array.fromAsync(files.list("index"), async ({ id }) => ({ id, json: await files.load("index", id) }));
    assert.ok(firstIndex !== undefined);
    await files.remove("index", firstIndex.id);
    await world.source.addTree({ file: "only this" });
    await files.save("index", firstIndex.json);
    await using session = await world.source.session();
    const packs = Array.from(session.index.entries()).filter((entry) => session.index.typeOf(entry) === "data");
    assert.equal(packs.length, 2);
    const key = keyOfFile("data", session.index.packId(session.index.packOf(packs[damaged] ?? -1)));
    await store.put(key, (await store.get(key)).fill(0));
    assert.deepEqual((await world.copy({ snapshots: [one] })).failed, []);
    assert.deepEqual(await world.contents(), [{ file: "only this" }]);
  });
}

test("copySnapshots() asks for a whole pack when a part of it is wrong, as a store sees through that was tampered with", async () => {
  const world = await World.create();
  await world.source.addSnapshot({ file: "only this" });
  const { store } = world.source.repository;
  const seenThrough = new Set<string>();
  const tampered: ObjectStore = {
    ...intercept(store, async (_, call) => call()),
    get: async (key, options) => {
      const bytes = await store.get(key, options);
      if (options?.range === undefined) seenThrough.add(key);
      return seenThrough.has(key) ? bytes : bytes.fill(0);
    },
  };
  const source = new SampleRepository(await openRepository(tampered, SAMPLE_SECRET), world.clock);
  const { failed } = await world.copy({ source });
  assert.deepEqual([failed, world.findings], [[], []]);
  assert.deepEqual(await world.contents(), [{ file: "only this" }]);
});

test("copySnapshots() writes no snapshot when somebody marked packs that it may rely on", async () => {
  const world = await World.create();
  await world.source.addSnapshot(TREE);
  await world.copy();
  await world.source.addSnapshot(TREE, { tags: ["other"] });
  await using session = await world.target();
  const packs = Array.from(session.index.packs(), (pack) => ({ id: session.index.packId(pack), bytes: 1 }));
  let isPruned = false;
  const store = intercept(world.targetStore, async ({ name, key }, call) => {
    const result = await call();
    if (name === "list" && key.startsWith("holdfast/marks/") && !isPruned) {
      isPruned = true;
      await saveMark(session.repository.files, { timeMs: world.clock.now(), packs, indexFiles: [...session.indexFiles] });
    }
    return result;
  });
  await assert.rejects(world.copy({ store }), { kind: "conflict", code: "pruned_meanwhile" });
  assert.equal((await world.contents()).length, 1);
});

test("copySnapshots() ends when its signal does", async () => {
  const world = await World.create();
  await world.source.addSnapshot(TREE);
  const stop = new Error("stopped");
  const abort = new AbortController();
  const store = intercept(world.targetStore, async ({ name }, call) => {
    if (name === "put") abort.abort(stop);
    return call();
  });
  await assert.rejects(world.copy({ store, signal: abort.signal }), stop);
  assert.deepEqual(await world.contents(), []);
});

test("copySnapshots() killed anywhere goes on when it is run again", async () => {
  const world = await World.create();
  await world.source.addSnapshot(TREE, { time: timestampAt(1) });
  await world.source.addSnapshot({ ...TREE, more: "text" }, { time: timestampAt(2) });
  for (let allowed = 0, done = false; !done; allowed++) {
    let puts = 0;
    const store = faulty(world.targetStore, ({ name }) => (name === "put" && ++puts > allowed ? "refused" : undefined));
    const result = await world.copy({ store }).catch((error: unknown) => error);
    done = !(result instanceof Error);
    assert.ok(allowed < 20);
  }
  assert.deepEqual(await world.contents(), [TREE, { ...TREE, more: "text" }]);
});

test("copySnapshots() says when later backups will not find the copies", async () => {
  const world = await World.create();
  await world.source.addSnapshot(TREE);
  const store = new MemoryStore({ clock: world.clock });
  await initRepository(store, { secret: SAMPLE_SECRET, owner: SAMPLE_OWNER, clock: world.clock });
  await world.copy({ store });
  assert.deepEqual(
    world.findings.map(({ grade, code }) => [grade, code]),
    [["info", "chunkers_differ"]],
  );
});

test("copySnapshots() copies from a repository that nobody can add to any more", async () => {
  const world = await World.create();
  await world.source.addSnapshot(TREE);
  const { store, cipher, config } = world.source.repository;
  await store.put(CONFIG_KEY, cipher.seal(serializeConfig({ ...config, chunker: undefined })));
  await store.put(CHUNKER_KEY, Buffer.from("damaged"));
  const source = new SampleRepository(await openRepository(store, SAMPLE_SECRET), world.clock);
  assert.throws(() => chunkerOf(source.repository), { code: "chunker_version" });
  await world.copy({ source });
  assert.deepEqual(await world.contents(), [TREE]);
});
