import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { writeUint32LE } from "../../base/bytes.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { type HexId, randomHexId } from "../../base/ids.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { Cipher } from "../format/cipher.ts";
import { randomMasterKey } from "../format/key-file.ts";
import { encodePackHeader, type PackEntry } from "../format/pack-header.ts";
import { keyOfFile } from "../layout.ts";
import { readPackListing } from "./pack-listing.ts";

const cipher = new Cipher(randomMasterKey());

async function storePack(store: MemoryStore, entries: readonly PackEntry[]): Promise<{ readonly id: HexId; readonly bytes: number }> {
  const header = cipher.seal(encodePackHeader(entries));
  const trailer = new Uint8Array(4);
  writeUint32LE(trailer, 0, header.length);
  const pack = Buffer.concat([Buffer.alloc(entries.reduce((sum, { length }) => sum + length, 0)), header, trailer]);
  const id = createHash("sha256").update(pack).digest("hex") as HexId;
  await store.put(keyOfFile("data", id), pack);
  return { id, bytes: pack.length };
}

for (const count of [1, 399, 400, 401, 2_000]) {
  test(`readPackListing() gives all ${count} blobs of a pack, each behind the one before it`, async () => {
    const store = new MemoryStore({ clock: new FakeClock() });
    const entries = Array.from({ length: count }, (): PackEntry => ({
      type: "data",
      id: randomHexId(),
      length: 40,
      uncompressedLength: 9,
    }));
    const { id, bytes } = await storePack(store, entries);
    const listing = await readPackListing(store, cipher, id, bytes, {});
    assert.deepEqual(
      listing.map(({ id: blob, offset }) => ({ blob, offset })),
      entries.map(({ id: blob }, at) => ({ blob, offset: 40 * at })),
    );
  });
}

test("readPackListing() refuses a pack that is shorter than its header says, and one that is not there", async () => {
  const store = new MemoryStore({ clock: new FakeClock() });
  const { id, bytes } = await storePack(store, [{ type: "data", id: randomHexId(), length: 40 }]);
  const pack = await store.get(keyOfFile("data", id));
  await store.put(keyOfFile("data", id), pack.subarray(60));
  await assert.rejects(readPackListing(store, cipher, id, bytes - 60, {}), { kind: "corrupt" });
  await assert.rejects(readPackListing(store, cipher, randomHexId(), bytes, {}), { code: "object_not_found" });
});
