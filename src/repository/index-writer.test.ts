import assert from "node:assert/strict";
import { test } from "node:test";
import type { HexId } from "../base/ids.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { intercept } from "../storage/intercept.ts";
import { MemoryStore } from "../storage/memory.ts";
import { Cipher } from "./format/cipher.ts";
import { IndexWriter, type StoredPack } from "./index-writer.ts";
import { SealedFiles } from "./sealed-files.ts";
import { TEST_KEY } from "./testing/pack-collector.ts";

const MIB = 1 << 20;
let packs = 0;

function packOf(blobs: number, lengthBytes: number): StoredPack {
  const id = (packs++).toString(16).padStart(64, "0") as HexId;
  const blob = { type: "data", id, offset: 0, length: 40, uncompressedLength: 0 } as const;
  return { id, lengthBytes, blobs: Array.from({ length: blobs }, (_, at) => ({ ...blob, offset: at * 40 })) };
}

function setting(beforePut: () => Promise<void> = () => Promise.resolve()) {
  const clock = new FakeClock();
  const memory = new MemoryStore({ clock });
  const store = intercept(memory, async ({ name }, call) => {
    if (name === "put") await beforePut();
    return call();
  });
  const files = new SealedFiles(store, new Cipher(TEST_KEY), 2);
  const namedPacks = async (): Promise<string[][]> => {
    const ids = await Array.fromAsync(files.list("index"), ({ id }) => id);
    return Promise.all(
      ids.map(async (id) => {
        const { packs: named } = JSON.parse(Buffer.from(await files.load("index", id)).toString()) as { packs: { id: string }[] };
        return named.map((pack) => pack.id);
      }),
    );
  };
  return { clock, writer: new IndexWriter(files, clock), namedPacks };
}

test("add() writes an index file after 5 minutes", async () => {
  const { clock, writer, namedPacks } = setting();
  await writer.add(packOf(1, 100));
  await clock.advance(299_999);
  await writer.add(packOf(1, 100));
  assert.deepEqual(await namedPacks(), []);
  await clock.advance(1);
  await writer.add(packOf(1, 100));
  assert.deepEqual(
    (await namedPacks()).map(({ length }) => length),
    [3],
  );
  await writer.add(packOf(1, 100));
  assert.equal((await namedPacks()).length, 1);
});

test("add() writes an index file for so many blobs, or bytes that are much beside what was stored", async () => {
  const { writer, namedPacks } = setting();
  await writer.add(packOf(49_999, 100));
  assert.equal((await namedPacks()).length, 0);
  await writer.add(packOf(1, 100));
  assert.equal((await namedPacks()).length, 1);
  await writer.add(packOf(1, 32 * MIB - 1));
  assert.equal((await namedPacks()).length, 1);
  await writer.add(packOf(1, 1));
  assert.equal((await namedPacks()).length, 2);
  // Of so much, 40 MiB are little.
  await writer.add(packOf(1, 2_000 * MIB));
  assert.equal((await namedPacks()).length, 3);
  await writer.add(packOf(1, 40 * MIB));
  assert.equal((await namedPacks()).length, 3);
});

test("flush() names every pack once, however many calls there are at a time, and writes no empty file", async () => {
  const { writer, namedPacks } = setting();
  const added = Array.from({ length: 20 }, () => packOf(10_000, 100));
  await Promise.all(added.map(async (pack) => writer.add(pack)));
  await Promise.all([writer.flush(), writer.flush()]);
  await writer.flush();
  const named = await namedPacks();
  assert.deepEqual(named.flat().toSorted(), added.map(({ id }) => id).toSorted());
  assert.ok(named.every(({ length }) => length > 0));
});

test("flush() waits for files that earlier calls write, and fails if one of them did", async () => {
  const gate = Promise.withResolvers<void>();
  const { writer } = setting(() => gate.promise);
  const added = writer.add(packOf(50_000, 100));
  const flushed = writer.flush();
  gate.reject(new Error("no space"));
  await assert.rejects(added, /no space/);
  await assert.rejects(flushed, /no space/);
});

test("flush() writes what an earlier call could not, and rescue() waits for calls under way", async () => {
  let isDown = true;
  const answer = Promise.withResolvers<void>();
  const { writer, namedPacks } = setting(async () => {
    if (!isDown) return;
    await answer.promise;
    throw new Error("down");
  });
  const pack = packOf(1, 100);
  await writer.add(pack);
  const failing = writer.flush();
  const rescued = writer.rescue();
  isDown = false;
  answer.resolve();
  await assert.rejects(failing, { message: "down" });
  await rescued;
  assert.deepEqual(await namedPacks(), [[pack.id]]);
});
