import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import type { HexId } from "../base/ids.ts";
import { openChunker } from "../repository/chunker/chunker.ts";
import { newGearParameters } from "../repository/chunker/gear.ts";
import { type MadeContent, MadeStream } from "./made-stream.ts";

const MIB = 1024 ** 2;
const SPEC = newGearParameters();

async function stored(pieces: readonly Uint8Array[]): Promise<MadeContent & { readonly whole: Buffer }> {
  const blobs: Buffer[] = [];
  const store = (blob: Uint8Array): HexId => {
    blobs.push(Buffer.from(blob));
    return createHash("sha256").update(blob).digest("hex") as HexId;
  };
  const stream = new MadeStream({ chunker: openChunker(SPEC, 10 * MIB), store, room: async () => undefined });
  for (const piece of pieces) await stream.write(piece);
  return { ...stream.finish(), whole: Buffer.concat(blobs) };
}

test("a stream is cut by its content, however it comes", async () => {
  const content = randomBytes(25 * MIB + 12_345);
  const pieces = Array.from({ length: Math.ceil(content.length / 33_333) }, (_, at) => content.subarray(at * 33_333, (at + 1) * 33_333));
  const [whole, cut] = [await stored([content]), await stored(pieces)];
  assert.ok(whole.whole.equals(content) && cut.whole.equals(content));
  assert.deepEqual([cut.ids, cut.bytes], [whole.ids, content.length]);
  assert.ok(cut.ids.length > 5);
});

test("a stream without content has no blobs", async () => {
  assert.deepEqual(await stored([]), { ids: [], bytes: 0, whole: Buffer.alloc(0) });
});
