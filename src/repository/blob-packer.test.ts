import assert from "node:assert/strict";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { DomainError } from "../base/errors.ts";
import { BlobPacker, MAX_SHARED_BLOB_BYTES, PACK_BUFFER_BYTES, PACK_BYTES, type PackerSettings, type VerifyWrites } from "./blob-packer.ts";
import type { BlobType } from "./format/blob.ts";
import { BlobIndex } from "./index/blob-index.ts";
import { BlobSet } from "./index/blob-set.ts";
import { PackCollector, TEST_SETTINGS } from "./testing/pack-collector.ts";

function setting(settings: Partial<PackerSettings> = {}, index = BlobIndex.create({ expectedBlobs: 1 }), fresh = BlobSet.create()) {
  const sink = new PackCollector();
  const packer = new BlobPacker("data", { ...TEST_SETTINGS, ...settings }, index, fresh, sink);
  const id = new Uint8Array(32);
  const add = (content: Uint8Array): boolean => packer.add(content, id, 0);
  return { sink, packer, add, index, fresh, id };
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

for (const version of [1, 2] as const) {
  test(`add() stores blobs of any length and kind in packs that say what they hold, in version ${version}`, () => {
    const { sink, packer, add, id } = setting({ version });
    const contents = [
      Buffer.from("x"),
      randomBytes(100_000),
      new Uint8Array(1_000_000),
      Buffer.from("text ".repeat(1_000)),
      randomBytes(8 << 20),
    ];
    for (const content of contents) {
      assert.ok(add(content));
      assert.equal(id.toHex(), sha256(content));
    }
    packer.flush();
    const found = sink.contents();
    assert.equal(found.size, contents.length);
    for (const content of contents) assert.ok(Buffer.from(content).equals(found.get(sha256(content)) ?? assert.fail()));
    for (const { id: name, sha256: hash, buffer, lengthBytes } of sink.packs) {
      assert.equal(sha256(new Uint8Array(buffer, 0, lengthBytes)), name);
      assert.equal(hash.toHex(), name);
    }
    assert.equal(
      packer.counters.newBytes,
      contents.reduce((sum, { length }) => sum + length, 0),
    );
  });
}

test("add() stores nothing that the index, another thread or an earlier call has", () => {
  const first = setting();
  const second = setting({}, first.index, first.fresh);
  const content = Buffer.from("content");
  const known = Buffer.from("known");
  const pack = first.index.addPack(new Uint8Array(32), 0);
  first.index.insert("data", Uint8Array.fromHex(sha256(known)), 0, pack, 0, 40, 0);
  assert.deepEqual([first.add(content), first.add(content), second.add(content), first.add(known)], [true, false, false, false]);
  assert.equal(first.id.toHex(), sha256(known), "the id is given all the same");
  assert.deepEqual([first.packer.counters.newBlobs, second.packer.counters.newBlobs], [1, 0]);
});

test("add() closes a pack once it has reached its length, and not before", () => {
  const { sink, packer, add } = setting({ packBytes: 1 << 20, verify: "sample" });
  for (let i = 0; i < 200; i++) add(randomBytes(50_000));
  assert.ok(sink.packs.length >= 7);
  for (const { lengthBytes } of sink.packs) assert.ok(lengthBytes >= 1 << 20 && lengthBytes < (1 << 20) + 60_000, `${lengthBytes}`);
  packer.flush();
  assert.equal(sink.contents().size, 200);
});

test("flush() stores what is left in as few packs as it fits", () => {
  const { sink, packer, add } = setting();
  for (let i = 0; i < 50; i++) add(Buffer.from(`blob ${i}`));
  packer.flush();
  assert.equal(sink.packs.length, 1);
  assert.equal(sink.contents().size, 50);
  packer.flush();
  assert.equal(sink.packs.length, 1);
});

test("absorb() goes on with what several others have collected", () => {
  const first = setting({ packBytes: 1 << 20 });
  for (let part = 0; part < 5; part++) {
    const other = setting({ packBytes: 1 << 20 }, first.index, first.fresh);
    for (let i = 0; i < 6; i++) other.add(randomBytes(50_000));
    for (const rest of other.packer.takeRests()) first.packer.absorb(rest);
    other.packer.flush();
    assert.equal(other.sink.packs.length, 0);
  }
  first.packer.flush();
  assert.equal(first.sink.contents().size, 30);
  assert.equal(first.sink.packs.length, 2);
});

test("a blob that changes in memory while it lies in an open pack is not stored", () => {
  const { sink, packer, add } = setting();
  for (let i = 0; i < 20; i++) add(randomBytes(1_000));
  for (const buffer of sink.taken) new Uint8Array(buffer, 500, 1).fill(0x55);
  for (const buffer of sink.taken) new Uint8Array(buffer, 501, 1).fill(0xaa);
  assert.throws(() => packer.flush(), { kind: "corrupt", code: "memory" });
  assert.equal(sink.packs.length, 0);
});

for (const version of [1, 2] as const) {
  test(`addLong() stores blobs that come in pieces, in packs of their own, in version ${version}`, () => {
    const { sink, packer, add, id } = setting({ version });
    add(Buffer.from("other"));
    // Noise gives many pieces of compressed bytes, text few.
    for (const content of [randomBytes(9_000_000), Buffer.from("some text\n".repeat(1_000_000))]) {
      const write = (): boolean => {
        const long = packer.addLong();
        for (let at = 0; at < content.length; at += 65_536) long.write(content.subarray(at, at + 65_536));
        return long.finish(id, 0);
      };
      assert.equal(write(), true);
      assert.equal(id.toHex(), sha256(content));
      assert.equal(write(), false);
      const pack = sink.packs.at(-1);
      assert.deepEqual(
        pack?.blobs.map((blob) => blob.id),
        [sha256(content)],
      );
      assert.ok(content.equals(sink.contents().get(sha256(content)) ?? assert.fail()));
    }
    packer.flush();
    assert.equal(sink.packs.length, 3);
  });
}

test("a pack that a long blob would not fit into is closed before it", () => {
  const sink = new PackCollector(PACK_BYTES);
  const settings: PackerSettings = { ...TEST_SETTINGS, version: 1, verify: "sample", packBytes: PACK_BYTES };
  const packer = new BlobPacker("data", settings, BlobIndex.create({ expectedBlobs: 1 }), BlobSet.create(), sink);
  const content = randomBytes(MAX_SHARED_BLOB_BYTES - 1024);
  // Of as many, at least three come into one of two packs: two of them leave 2 KiB to the length at which it is full.
  for (let nr = 0; nr < 6; nr++) {
    content.writeUInt32LE(nr);
    packer.add(content, new Uint8Array(32), 0);
  }
  packer.flush();
  assert.ok(sink.packs.length >= 3);
  for (const { blobs, buffer } of sink.packs) {
    assert.ok(blobs.length <= 2);
    assert.equal(buffer.byteLength, PACK_BUFFER_BYTES);
  }
});

test("packs of data are as long as the settings say, those of trees stay short", () => {
  const packBytes = PACK_BYTES + (4 << 20);
  const content = randomBytes(1 << 20);
  const longest = (type: "data" | "tree"): number => {
    const sink = new PackCollector(packBytes);
    const settings: PackerSettings = { ...TEST_SETTINGS, version: 1, verify: "sample", packBytes };
    const packer = new BlobPacker(type, settings, BlobIndex.create({ expectedBlobs: 1 }), BlobSet.create(), sink);
    // Of as many, one of two packs gets more than fit.
    for (let nr = 0; nr < 40; nr++) {
      content.writeUInt32LE(nr);
      packer.add(content, new Uint8Array(32), 0);
    }
    packer.flush();
    return Math.max(...sink.packs.map(({ lengthBytes }) => lengthBytes));
  };
  assert.ok(longest("data") >= packBytes);
  assert.ok(longest("tree") < packBytes);
});

/** Calls `damage` after a blob was hashed and before it is compressed and sealed: where memory that fails is not seen by any seal. */
function setWith(damage: () => void): BlobSet {
  const set = BlobSet.create();
  const add: BlobSet["add"] = (...blob) => {
    const isNew = set.add(...blob);
    damage();
    return isNew;
  };
  return Object.assign(Object.create(set) as BlobSet, { add });
}

/** Whether a bit that flips in the last of so many blobs, after it was hashed, keeps it from being stored. */
function isSeen(type: BlobType, verify: VerifyWrites, { blobs, compressible }: { blobs: number; compressible: boolean }): boolean {
  const contents = Array.from({ length: blobs }, () =>
    compressible ? Buffer.from(`${randomInt(2 ** 40)} `.repeat(50)) : randomBytes(500),
  );
  let added = 0;
  const fresh = setWith(() => {
    const content = contents[added];
    if (++added === blobs && content !== undefined) content[100] = (content[100] ?? 0) ^ 1;
  });
  const sink = new PackCollector();
  const packer = new BlobPacker(type, { ...TEST_SETTINGS, verify }, BlobIndex.create({ expectedBlobs: 1 }), fresh, sink);
  const addAll = (): void => {
    for (const content of contents) packer.add(content, new Uint8Array(32), 0);
    packer.flush();
  };
  try {
    addAll();
  } catch (error) {
    assert.ok(error instanceof DomainError && error.code === "memory", String(error));
    return true;
  }
  assert.throws(() => sink.contents(), { code: "blob_hash" }, "it was stored, and is not what its id says");
  return false;
}

for (const compressible of [true, false]) {
  const kind = compressible ? "is compressed" : "is stored as it is";
  test(`a blob that changes in memory between hashing and sealing is not stored if it is read back, and ${kind}`, () => {
    for (const blobs of [1, 2, 15, 16, 17, 18, 33]) {
      assert.equal(isSeen("data", "all", { blobs, compressible }), true, `blob ${blobs} of all`);
      assert.equal(isSeen("tree", "sample", { blobs, compressible }), true, `tree ${blobs}`);
      assert.equal(isSeen("data", "sample", { blobs, compressible }), blobs % 16 === 1, `blob ${blobs} of a sample`);
    }
  });
}

test("addCompressed() stores nothing that changed in memory since the caller looked at it", () => {
  const plain = Buffer.from("text ".repeat(1_000));
  const body = zstdCompressSync(plain);
  const fresh = setWith(() => body.fill(0, body.length - 3));
  const packer = new BlobPacker("data", TEST_SETTINGS, BlobIndex.create({ expectedBlobs: 1 }), fresh, new PackCollector());
  const id = Uint8Array.fromHex(sha256(plain));
  assert.throws(() => packer.addCompressed(body, plain.length, id, 0), { kind: "corrupt" });
});
