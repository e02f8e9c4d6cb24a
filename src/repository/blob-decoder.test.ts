import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { HexId } from "../base/ids.ts";
import { primitives } from "../native/primitives.ts";
import { BlobDecoder } from "./blob-decoder.ts";
import { Cipher } from "./format/cipher.ts";
import { TEST_KEY } from "./testing/pack-collector.ts";

const CONTENT = Buffer.from("content ".repeat(1_000));
const ID = createHash("sha256").update(CONTENT).digest("hex") as HexId;
const cipher = new Cipher(TEST_KEY);
const decoder = new BlobDecoder(TEST_KEY);

function frameOf(content: Uint8Array): Uint8Array {
  const frame = new Uint8Array(content.length + 100);
  return frame.subarray(0, primitives().zstdCompressInto(content, frame, 1));
}

test("decode() gives the content of plain and compressed blobs, in memory of its own", () => {
  const frame = frameOf(CONTENT);
  const plain = decoder.decode(cipher.seal(CONTENT), 0, ID);
  const unpacked = decoder.decode(cipher.seal(frame), CONTENT.length, ID);
  assert.ok(CONTENT.equals(plain) && CONTENT.equals(unpacked));
  const both = decoder.decodeBoth(cipher.seal(frame), CONTENT.length, ID);
  assert.ok(CONTENT.equals(both.plain));
  assert.deepEqual(new Uint8Array(both.compressed ?? []), new Uint8Array(frame));
  assert.equal(decoder.decodeBoth(cipher.seal(CONTENT), 0, ID).compressed, undefined);
  assert.ok(CONTENT.equals(plain) && CONTENT.equals(unpacked));
});

test("decode() refuses what was changed, what is another blob, and frames that are not what the index says", () => {
  const sealed = cipher.seal(CONTENT);
  sealed[20] = (sealed[20] ?? 0) ^ 1;
  assert.throws(() => decoder.decode(sealed, 0, ID), { kind: "corrupt", code: "unauthentic" });
  assert.throws(() => decoder.decode(cipher.seal(Buffer.from("other")), 0, ID), { kind: "corrupt", code: "blob_hash" });
  assert.throws(() => decoder.decode(cipher.seal(CONTENT), 100, ID), { kind: "corrupt", code: "zstd" });
  assert.throws(() => decoder.decode(cipher.seal(frameOf(CONTENT)), CONTENT.length - 1, ID), { kind: "corrupt" });
  assert.throws(() => decoder.decode(cipher.seal(frameOf(CONTENT)), CONTENT.length + 1, ID), { kind: "corrupt" });
  for (const length of [0, 1, 31, 32]) assert.throws(() => decoder.decode(new Uint8Array(length), 0, ID), { kind: "corrupt" });
});
