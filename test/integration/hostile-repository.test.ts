/** Repositories that someone with the key or the bucket made to do harm: what only shows when the parts work together. */
import assert from "node:assert/strict";
import { mkdir, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { HexId } from "../../src/base/ids.ts";
import { BlobDecoder } from "../../src/repository/blob-decoder.ts";
import { REPOSITORY_LIMITS } from "../../src/repository/format/limits.ts";
import { createKeyFile } from "../../src/repository/format/key-file.ts";
import { Cipher } from "../../src/repository/format/cipher.ts";
import { serializeConfig } from "../../src/repository/format/config.ts";
import { encodeTree } from "../../src/repository/format/tree/encode.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { WholePacks } from "../../src/repository/whole-packs.ts";
import { readThrough } from "../../src/repository/read-through.ts";
import { FileStore } from "../../src/storage/file.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { parseObjectKey } from "../../src/storage/object-store.ts";
import { type BackedUp, backUp, newRepository, PASSWORD, shiftedClock } from "../support/backup.ts";
import { environment } from "../support/environment.ts";
import { fileNode, folderNode, makeRepository, MASTER_KEY, UNKNOWN_ID, writeSnapshot } from "../support/hand-made.ts";
import { type NewRepository, readRepository, sha256, writePack, writeSealed } from "../support/plain-repository.ts";
import { restoreLast } from "../support/restore.ts";

const LATER = shiftedClock(10_000);
const OWNER = { username: "mallory", hostname: "there", createdMs: 0 };
const CHEAP = { N: 2 ** 12, r: 8, p: 1 };

interface Setting {
  readonly repository: NewRepository;
  readonly store: FileStore;
  readonly source: string;
  readonly target: string;
  readonly backUp: () => Promise<BackedUp>;
}

async function setting(t: TestContext): Promise<Setting> {
  const root = await environment(t).temporaryFolder();
  const repository = await makeRepository(join(root, "repository"));
  const source = join(root, "source");
  await mkdir(join(source, "folder"), { recursive: true });
  await writeFile(join(source, "file"), "file");
  await writeFile(join(source, "folder/other"), "other");
  const store = new FileStore(repository.folder, systemClock);
  return {
    repository,
    store,
    source,
    target: join(root, "target"),
    backUp: async () => backUp(store, ["."], { workingFolder: source, clock: LATER }),
  };
}

interface IndexedAt {
  readonly id: HexId;
  readonly type?: "data" | "tree";
  readonly pack?: HexId;
  readonly offset?: number;
  readonly length?: number;
  readonly uncompressed?: number;
}

/** An index file that says of a blob what it likes. */
async function lie(
  repository: NewRepository,
  { id, type = "tree", pack = UNKNOWN_ID, offset = 0, length = 100, uncompressed = 100 }: IndexedAt,
): Promise<void> {
  const blobs = [{ id, type, offset, length, uncompressed_length: uncompressed }];
  await writeSealed(repository, "index", Buffer.from(JSON.stringify({ packs: [{ id: pack, blobs }] })));
}

/** The only pack, and what lies in it. */
async function packOf({ folder, masterKey }: NewRepository): Promise<{
  readonly id: HexId;
  readonly blobs: readonly { id: HexId; offset: number; length: number; uncompressedLength?: number | undefined }[];
}> {
  const [[id, blobs] = assert.fail("no pack")] = (await readRepository(folder, masterKey)).packs;
  return { id: id as HexId, blobs };
}

test("a repository with odd key files opens with the good one, and one with too many of them tries no more than it may", async (t) => {
  const { repository, store } = await setting(t);
  const keys = join(repository.folder, "keys");
  const good = { id: (await readdir(keys))[0] };
  const add = async (bytes: Uint8Array): Promise<void> => writeFile(join(keys, sha256(bytes)), bytes);
  await add(Buffer.from("no JSON"));
  await add(new Uint8Array(REPOSITORY_LIMITS.keyFileBytes + 1));
  const other = JSON.parse(Buffer.from(await createKeyFile(MASTER_KEY, "other", { parameters: CHEAP, ...OWNER })).toString()) as object;
  await add(Buffer.from(JSON.stringify({ ...other, N: 2 ** 30 })));
  await add(Buffer.from(JSON.stringify({ ...other, p: 2 ** 20 })));
  await add(Buffer.from(JSON.stringify({ ...other, kdf: "argon2" })));
  await writeFile(join(keys, "0".repeat(64)), JSON.stringify(other));
  const opened = await openRepository(store, { kind: "password", password: PASSWORD });
  assert.equal(opened.keyId, good.id);
  assert.equal(opened.findings.length, 6);

  for (let i = 0; i < 40; i++) await add(Buffer.from(`{"i":${i}}`));
  await assert.rejects(openRepository(store, { kind: "password", password: "none" }), { code: "wrong_repository_key" });
});

test("a repository of a later version is refused by its number", async (t) => {
  const { repository, store } = await setting(t);
  const json = JSON.parse(Buffer.from(serializeConfig(repository.config)).toString()) as object;
  await writeFile(join(repository.folder, "config"), new Cipher(MASTER_KEY).seal(Buffer.from(JSON.stringify({ ...json, version: 3 }))));
  await assert.rejects(openRepository(store, { kind: "password", password: PASSWORD }), {
    kind: "unsupported",
    code: "repository_version",
  });
});

test("what is longer than any file of its kind may be is not read", async (t) => {
  const { repository, store, backUp: run } = await setting(t);
  const secret = { kind: "password", password: PASSWORD } as const;
  const { id } = await run();
  await mkdir(join(repository.folder, "holdfast"), { recursive: true });
  // More than the memory of any machine.
  for (const name of [`index/${UNKNOWN_ID}`, `snapshots/${UNKNOWN_ID}`, "holdfast/repository.json"]) {
    await writeFile(join(repository.folder, name), "");
    await truncate(join(repository.folder, name), 2 ** 43);
  }
  const { findings, snapshot } = await run();
  assert.deepEqual([snapshot.parent, snapshot.summary?.filesUnmodified], [id, 2]);
  assert.deepEqual(
    new Set(findings.map(({ code, object }) => `${code} ${object}`)),
    new Set([`index_file_damaged index/${UNKNOWN_ID}`, `snapshot_damaged snapshots/${UNKNOWN_ID}`]),
  );
  await truncate(join(repository.folder, "config"), 2 ** 43);
  await assert.rejects(openRepository(store, secret), { kind: "corrupt", code: "config" });
});

test("a config that was written over with one that is too long is passed over where the store keeps versions", async () => {
  const kept = new MemoryStore({ clock: systemClock, versioned: true });
  const { config } = await newRepository(kept);
  await kept.put(parseObjectKey("config"), new Uint8Array(REPOSITORY_LIMITS.configBytes + 1));
  const store = readThrough(kept, { clock: systemClock, report: () => undefined });
  const opened = await openRepository(store, { kind: "password", password: PASSWORD });
  assert.equal(opened.config.id, config.id);
});

test("a config with a foreign master key is damaged, not trusted", async (t) => {
  const { repository, store } = await setting(t);
  const foreign = new Cipher({ ...MASTER_KEY, encryption: new Uint8Array(32), macK: new Uint8Array(16).fill(9) });
  await writeFile(join(repository.folder, "config"), foreign.seal(serializeConfig(repository.config)));
  await assert.rejects(openRepository(store, { kind: "password", password: PASSWORD }), { kind: "corrupt", code: "config" });
});

const HOSTILE_PARENTS: readonly (readonly [what: string, make: (repository: NewRepository) => Promise<HexId>])[] = [
  ["is not there", () => Promise.resolve(UNKNOWN_ID)],
  ["lies in a pack that is not there", async (repository) => (await lie(repository, { id: UNKNOWN_ID }), UNKNOWN_ID)],
  [
    "lies beyond the end of its pack",
    async (repository) => {
      const [tree = UNKNOWN_ID] = await writePack(repository, [["tree", encodeTree([])]]);
      const { id: pack } = await packOf(repository);
      await lie(repository, { id: UNKNOWN_ID, pack, offset: 10_000_000 });
      assert.notEqual(tree, UNKNOWN_ID);
      return UNKNOWN_ID;
    },
  ],
  [
    "lies across two blobs",
    async (repository) => {
      await writePack(repository, [
        ["tree", encodeTree([])],
        ["tree", encodeTree([fileNode("a", [])])],
      ]);
      await lie(repository, { id: UNKNOWN_ID, pack: (await packOf(repository)).id, offset: 10, length: 120 });
      return UNKNOWN_ID;
    },
  ],
  ["is no tree", async (repository) => (await writePack(repository, [["tree", Buffer.from("no tree at all")]]))[0] ?? UNKNOWN_ID],
  [
    "ends in the middle",
    async (repository) =>
      (await writePack(repository, [["tree", encodeTree([fileNode("file", []), fileNode("other", [])]).subarray(0, 300)]]))[0] ??
      UNKNOWN_ID,
  ],
  [
    "claims to be far longer than it is",
    async (repository) => {
      await writePack(repository, [["tree", encodeTree([fileNode("file", [])])]]);
      const { id: pack, blobs } = await packOf(repository);
      const [{ offset, length } = assert.fail("no blob")] = blobs;
      await lie(repository, { id: UNKNOWN_ID, pack, offset, length, uncompressed: REPOSITORY_LIMITS.treeBlobBytes });
      return UNKNOWN_ID;
    },
  ],
  [
    "is a blob of data",
    async (repository) => {
      const content = encodeTree([fileNode("file", [])]);
      await writePack(repository, [["data", content]]);
      return sha256(content);
    },
  ],
  [
    "holds itself, as the index says",
    async (repository) => {
      await writePack(repository, [["tree", encodeTree([folderNode("folder", UNKNOWN_ID)])]]);
      const { id: pack, blobs } = await packOf(repository);
      const [{ offset, length, uncompressedLength } = assert.fail("no blob")] = blobs;
      await lie(repository, { id: UNKNOWN_ID, pack, offset, length, uncompressed: uncompressedLength ?? 0 });
      return UNKNOWN_ID;
    },
  ],
];

for (const [what, make] of HOSTILE_PARENTS) {
  test(`a snapshot whose tree ${what} costs a backup its parent only, and cannot be restored`, async (t) => {
    const { repository, store, source, target, backUp: run } = await setting(t);
    await writeSnapshot(repository, await make(repository));
    await assert.rejects(
      restoreLast(store, "/", target).then(failIfPartial),
      (error: Error) => "kind" in error && error.kind === "corrupt",
    );
    const { snapshot, findings } = await run();
    for (const { grade, code } of findings) assert.deepEqual([grade, code], ["critical", "parent_tree_unreadable"]);
    const { summary } = snapshot;
    assert.deepEqual([summary?.filesUnmodified, summary?.totalFilesProcessed], [0, 2]);
    const again = await run();
    assert.equal(again.snapshot.tree, snapshot.tree);
    await restoreLast(store, "/", target);
    assert.deepEqual((await readdir(target)).toSorted(), (await readdir(source)).toSorted());
  });
}

/** A restore goes on where it can: what is damaged is told, and counts as a failure here. */
function failIfPartial({ findings }: { readonly findings: readonly { readonly grade: string }[] }): void {
  assert.ok(
    findings.some(({ grade }) => grade === "critical"),
    "nothing was wrong",
  );
  throw Object.assign(new Error("it is partial"), { kind: "corrupt" });
}

test("a tree of more folders in each other than may be is restored as far as it may be", async (t) => {
  const { repository, store, target } = await setting(t);
  const depth = REPOSITORY_LIMITS.treeDepth + 50;
  const trees: (readonly ["tree", Uint8Array])[] = [["tree", encodeTree([fileNode("file", [])])]];
  for (let level = 0; level < depth; level++)
    trees.push(["tree", encodeTree([folderNode("d", sha256(trees.at(-1)?.[1] ?? new Uint8Array()))])]);
  const ids = await writePack(repository, trees);
  await writeSnapshot(repository, ids.at(-1) ?? UNKNOWN_ID);
  const { findings } = await restoreLast(store, "/", target);
  assert.equal(findings.filter(({ grade }) => grade !== "info").length, 1);
});

test("names that lead elsewhere are never restored", async (t) => {
  const { repository, store, target } = await setting(t);
  for (const name of ["..", ".", "", "a/b", "../outside", "a\0b"]) {
    const json = Buffer.from(encodeTree([fileNode("NAME", [])]))
      .toString()
      .replace("NAME", JSON.stringify(name).slice(1, -1));
    const [tree = UNKNOWN_ID] = await writePack(repository, [["tree", Buffer.from(json)]]);
    await writeSnapshot(repository, tree);
    await assert.rejects(
      restoreLast(store, "/", target).then(failIfPartial),
      (error: Error) => "kind" in error && error.kind === "corrupt",
    );
  }
  const beside = await readdir(join(target, ".."));
  assert.deepEqual(new Set(beside).difference(new Set(["repository", "source", "target"])), new Set());
});

test("a blob that the index puts in the place of another is not taken for it", async (t) => {
  const { repository, store } = await setting(t);
  const [first = UNKNOWN_ID] = await writePack(repository, [
    ["data", Buffer.from("first")],
    ["data", Buffer.from("second")],
  ]);
  const opened = await openRepository(store, { kind: "password", password: PASSWORD });
  const { id: pack, blobs } = await packOf(repository);
  const second = blobs.find(({ id }) => id !== first) ?? assert.fail("no second blob");
  const sealed = await new WholePacks(opened, undefined).read(pack, second.offset, second.length, {});
  const decoder = new BlobDecoder(MASTER_KEY);
  assert.throws(() => decoder.decode(sealed, second.uncompressedLength ?? 0, first), { kind: "corrupt", code: "blob_hash" });
  await assert.rejects(new WholePacks(opened, undefined).read(pack, second.offset, 10_000, {}), { code: "pack_too_short" });
});
