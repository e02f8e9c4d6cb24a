import assert from "node:assert/strict";
import { createCipheriv, createHash } from "node:crypto";
import { describe, test } from "node:test";
import { constants, zstdCompressSync } from "node:zlib";
import { DomainError } from "../base/errors.ts";
import { fc } from "../base/testing/property.ts";
import { chooseBackEnd } from "./back-end.ts";
import { ffiPrimitives } from "./ffi-primitives.ts";
import { checkPrimitives } from "./known-answers.ts";
import { nodePrimitives } from "./node-primitives.ts";
import { type PieceSink, type Primitives, primitives, primitivesFallback, type ZstdStream } from "./primitives.ts";
import { checkZstdFrame } from "./zstd-frame.ts";

const CORRUPT = { kind: "corrupt", code: "zstd" };
/** Bytes of few or many different values, so that they compress well or not at all. */
const bytes = (maxLength = 5000): fc.Arbitrary<Uint8Array> =>
  fc.tuple(fc.nat(maxLength), fc.integer(), fc.constantFrom(0, 3, 255)).map(([length, seed, mask]) => {
    let state = seed;
    return Uint8Array.from({ length }, () => ((state = Math.imul(state, 1_664_525) + 1_013_904_223) >>> 24) & mask);
  });
const exactly = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

function wasmMemory(): ArrayBuffer {
  const { Memory } = Reflect.get(globalThis, "WebAssembly") as { Memory: new (pages: object) => { readonly buffer: ArrayBuffer } };
  return new Memory({ initial: 1, maximum: 4 }).buffer;
}

for (const make of [nodePrimitives, ffiPrimitives])
  describe(make.name, () => {
    const { sha256Into, ctrCipher, aesBlocks, poly1305Into, zstdCompressInto, zstdDecompressInto, zstdCompressor, zstdDecompressor } =
      make();

    function packed(data: Uint8Array, level = 1): Uint8Array {
      const frame = new Uint8Array(data.length + 100);
      return frame.subarray(0, zstdCompressInto(data, frame, level));
    }

    function unpacked(frame: Uint8Array, room: number): Uint8Array {
      const plain = new Uint8Array(room);
      return plain.subarray(0, zstdDecompressInto(frame, plain));
    }

    test("gives the answers that standards publish", () => {
      checkPrimitives(make());
    });

    test("sha256Into() writes the digest at its place and nothing else", () => {
      fc.assert(
        fc.property(bytes(), fc.nat(8), (data, at) => {
          const target = new Uint8Array(48).fill(7);
          sha256Into(data, target, at);
          assert.deepEqual(target.subarray(at, at + 32), Uint8Array.from(createHash("sha256").update(data).digest()));
          assert.ok(target.every((byte, i) => (i >= at && i < at + 32) || byte === 7));
        }),
      );
    });

    test("sha256Into() and poly1305Into() refuse a target that is too short", () => {
      assert.throws(() => sha256Into(new Uint8Array(1), new Uint8Array(40), 9), RangeError);
      assert.throws(() => poly1305Into(new Uint8Array(32), new Uint8Array(1), new Uint8Array(16), 1), RangeError);
    });

    test("ctrCipher() agrees with OpenSSL for any length, also in place, and keeps no state", () => {
      fc.assert(
        fc.property(exactly(32), exactly(16), bytes(), (key, nonce, data) => {
          const cipher = ctrCipher(key);
          const output = new Uint8Array(data.length);
          cipher(nonce, data, output);
          assert.deepEqual(output, Uint8Array.from(createCipheriv("aes-256-ctr", key, nonce).update(data)));
          cipher(nonce, output, output);
          assert.deepEqual(output, data);
        }),
      );
    });

    test("ctrCipher() carries the counter over all 16 bytes of the nonce", () => {
      const output = new Uint8Array(32);
      ctrCipher(new Uint8Array(32))(new Uint8Array(16).fill(0xff), new Uint8Array(32), output);
      const zeroBlock = new Uint8Array(16);
      ctrCipher(new Uint8Array(32))(new Uint8Array(16), new Uint8Array(16), zeroBlock);
      assert.deepEqual(output.subarray(16), zeroBlock);
    });

    test("ctrCipher() and aesBlocks() copy their key", () => {
      const key = new Uint8Array(32).fill(1);
      const [ctr, aes] = [ctrCipher(key), aesBlocks(key.subarray(16))];
      const run = (): Uint8Array[] => {
        const outputs = [new Uint8Array(16), new Uint8Array(16)] as const;
        ctr(new Uint8Array(16), new Uint8Array(16), outputs[0]);
        aes(new Uint8Array(16), outputs[1]);
        return [...outputs];
      };
      const before = run();
      key.fill(2);
      assert.deepEqual(run(), before);
    });

    test("keys, nonces, blocks and outputs of another length are refused", () => {
      const of = (length: number): Uint8Array => new Uint8Array(length);
      assert.throws(() => ctrCipher(of(31)), RangeError);
      assert.throws(() => aesBlocks(of(32)), RangeError);
      assert.throws(() => poly1305Into(of(31), of(1), of(16), 0), RangeError);
      assert.throws(() => ctrCipher(of(32))(of(15), of(1), of(1)), RangeError);
      assert.throws(() => ctrCipher(of(32))(of(16), of(2), of(1)), RangeError);
      assert.throws(() => ctrCipher(of(32))(of(16), of(1), of(2)), RangeError);
      assert.throws(() => aesBlocks(of(16))(of(15), of(15)), RangeError);
      assert.throws(() => aesBlocks(of(16))(of(32), of(16)), RangeError);
    });

    test("zstd gives back what it packed, at every level", () => {
      fc.assert(
        fc.property(bytes(20_000), fc.integer({ min: 1, max: 19 }), (data, level) => {
          assert.deepEqual(unpacked(packed(data, level), data.length), data);
        }),
        { numRuns: 30 },
      );
    });

    test("zstdCompressInto() writes frames with their content size and without a checksum", () => {
      for (const length of [0, 1, 255, 256, 65_791, 65_792, 1_000_000]) {
        const frame = packed(new Uint8Array(length));
        assert.equal(checkZstdFrame(frame), length);
        assert.equal((frame[4] ?? 0) & 4, 0);
      }
    });

    test("zstdCompressInto() returns -1 when the frame does not fit", () => {
      const data = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7919) >> 3);
      const { length } = packed(data);
      assert.equal(zstdCompressInto(data, new Uint8Array(length - 1), 1), -1);
      assert.equal(zstdCompressInto(data, new Uint8Array(0), 1), -1);
      assert.equal(zstdCompressInto(data, new Uint8Array(length + 50), 1), length);
    });

    test("zstdDecompressInto() refuses content that does not fit", () => {
      const frame = packed(new Uint8Array(1000));
      assert.throws(() => unpacked(frame, 999), CORRUPT);
      assert.throws(() => unpacked(frame, 0), CORRUPT);
      assert.equal(unpacked(frame, 1001).length, 1000);
      assert.equal(unpacked(packed(new Uint8Array(0)), 0).length, 0);
    });

    test("zstdDecompressInto() takes frames of unknown size and with a checksum, as other programs write them", () => {
      const data = Buffer.from("held fast ".repeat(50_000));
      const params = { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_contentSizeFlag]: 0 };
      const frame = zstdCompressSync(data, { params });
      assert.deepEqual(Buffer.from(unpacked(frame, data.length)), data);
      const last = frame.length - 1;
      frame[last] = (frame[last] ?? 0) ^ 1;
      assert.throws(() => unpacked(frame, data.length), CORRUPT);
    });

    test("zstdDecompressInto() refuses anything but one whole frame", () => {
      const frame = packed(Buffer.from("some data, some data, some data"));
      const bad = {
        nothing: new Uint8Array(0),
        garbage: new Uint8Array(100).fill(1),
        "a frame cut short": frame.subarray(0, -1),
        "a header": frame.subarray(0, 5),
        "bytes behind it": Buffer.concat([frame, Buffer.from([0])]),
        "two frames": Buffer.concat([frame, frame]),
        "a skippable frame": Buffer.from("502a4d1800000000", "hex"),
        "a wanted dictionary": Buffer.from("28b52ffd210105290000 68656c6c6f".replace(" ", ""), "hex"),
        "an unknown block type": Buffer.from("28b52ffd2005070000", "hex"),
        "a longer block than there is": Buffer.from("28b52ffd2005ffffff68656c6c6f", "hex"),
        "another content size": Buffer.from("28b52ffd200429000068656c6c6f", "hex"),
      };
      for (const [what, data] of Object.entries(bad)) assert.throws(() => unpacked(data, 100), CORRUPT, what);
    });

    test("zstdDecompressInto() never fails in another way or writes past its output, whatever bit is turned", () => {
      const data = Buffer.from("a line of a log, and a number: 4711\n".repeat(40));
      const frame = packed(data);
      const target = new Uint8Array(data.length + 64);
      const within = target.subarray(0, data.length);
      for (let bit = 0; bit < frame.length * 8; bit++) {
        const turned = Uint8Array.from(frame, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        try {
          zstdDecompressInto(turned, within);
        } catch (error) {
          assert.ok(error instanceof DomainError && error.kind === "corrupt", String(error));
        }
        assert.ok(target.subarray(data.length).every((byte) => byte === 0));
      }
    });

    /** What a stream makes of the input, pushed in parts of the given size. */
    function streamed(open: (onPiece: PieceSink) => ZstdStream, input: Uint8Array, partBytes: number): Uint8Array {
      const pieces: Uint8Array[] = [];
      using stream = open((piece) => void pieces.push(Uint8Array.from(piece)));
      for (let at = 0; at < input.length; at += partBytes) stream.push(input.subarray(at, at + partBytes));
      stream.finish();
      return Uint8Array.from(Buffer.concat(pieces));
    }
    const packing = (onPiece: PieceSink): ZstdStream => zstdCompressor(3, onPiece);
    const unpacking =
      (maxBytes: number) =>
      (onPiece: PieceSink): ZstdStream =>
        zstdDecompressor(maxBytes, onPiece);

    test("zstd streams give back what they packed, however it is cut, and one frame reads the other way's", () => {
      fc.assert(
        fc.property(bytes(400_000), fc.integer({ min: 1, max: 200_000 }), fc.integer({ min: 1, max: 200_000 }), (data, part, otherPart) => {
          const frame = streamed(packing, data, part);
          checkZstdFrame(frame);
          assert.deepEqual(streamed(unpacking(data.length), frame, otherPart), data);
          assert.deepEqual(unpacked(frame, data.length), data);
          assert.deepEqual(streamed(unpacking(data.length), packed(data), otherPart), data);
        }),
        { numRuns: 15 },
      );
    });

    test("zstd streams carry more than a piece, in and out", () => {
      const data = Uint8Array.from({ length: 3_000_000 }, (_, i) => Math.imul(i, i >> 7) >> 11);
      for (const part of [1000, 131_072, 3_000_000]) {
        const frame = streamed(packing, data, part);
        assert.deepEqual(streamed(unpacking(data.length), frame, part), data);
      }
      const zeros = streamed(packing, new Uint8Array(3_000_000), 3_000_000);
      assert.ok(streamed(unpacking(3_000_000), zeros, 1).every((byte) => byte === 0));
    });

    test("zstdDecompressor() gives all of blocks that do not fill pieces evenly", () => {
      const runs = [100_000, 131_072, 131_072, 5, 131_072];
      const blocks = runs.map((length, i) => {
        const header = (length << 3) | (1 << 1) | (i === runs.length - 1 ? 1 : 0);
        return [header & 255, (header >> 8) & 255, header >> 16, i];
      });
      const frame = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50, ...blocks.flat()]);
      const plain = Uint8Array.from(runs.flatMap((length, i) => Array<number>(length).fill(i)));
      for (const part of [1, 3, 100]) assert.deepEqual(streamed(unpacking(plain.length), frame, part), plain);
    });

    test("zstdDecompressor() refuses more content than is allowed, and anything but one whole frame", () => {
      const frame = streamed(packing, new Uint8Array(300_000), 300_000);
      assert.throws(() => streamed(unpacking(299_999), frame, 100), CORRUPT);
      const bad = [
        new Uint8Array(0),
        frame.subarray(0, -1),
        frame.subarray(0, 3),
        Buffer.concat([frame, Buffer.from([0])]),
        Buffer.concat([frame, frame]),
        Buffer.from("502a4d1800000000", "hex"),
        zstdCompressSync("data", { params: { [constants.ZSTD_c_checksumFlag]: 1 } }).fill(0, 13),
      ];
      for (const data of bad) for (const part of [1, 5, 1000]) assert.throws(() => streamed(unpacking(1e6), data, part), CORRUPT);
    });

    test("zstd streams are independent, and may be disposed of at any time", () => {
      const [one, two]: [Uint8Array[], Uint8Array[]] = [[], []];
      using first = zstdCompressor(1, (piece) => void one.push(Uint8Array.from(piece)));
      using second = zstdCompressor(1, (piece) => void two.push(Uint8Array.from(piece)));
      using abandoned = zstdCompressor(1, () => assert.fail());
      first.push(Buffer.from("first"));
      abandoned.push(Buffer.from("none"));
      second.push(Buffer.from("second"));
      second.finish();
      first.finish();
      assert.equal(Buffer.from(unpacked(Buffer.concat(one), 10)).toString(), "first");
      assert.equal(Buffer.from(unpacked(Buffer.concat(two), 10)).toString(), "second");
    });

    test("works on views of shared memory and of WebAssembly's", () => {
      for (const memory of [new SharedArrayBuffer(8192), wasmMemory(), new ArrayBuffer(8192)]) {
        const data = new Uint8Array(memory, 100, 1000).fill(65);
        const rest = new Uint8Array(memory, 3001, 2000);
        const frame = rest.subarray(0, zstdCompressInto(data, rest, 1));
        assert.deepEqual(unpacked(frame, 1000), new Uint8Array(1000).fill(65));
        sha256Into(data, rest, 5);
        assert.equal(Buffer.from(rest.subarray(5, 37)).toString("hex"), createHash("sha256").update(data).digest("hex"));
        ctrCipher(new Uint8Array(32))(new Uint8Array(16), data, data);
        assert.deepEqual(Uint8Array.from(data.subarray(0, 2)), Uint8Array.from([0xdc ^ 65, 0x95 ^ 65]));
      }
    });
  });

test("primitives() takes the native back end here", () => {
  assert.equal(primitives().backEnd, "ffi");
  assert.equal(primitives(), primitives());
  assert.equal(primitivesFallback(), undefined);
});

test("chooseBackEnd() falls back to plain Node with the reason when a native answer is wrong or nothing is native", () => {
  const sabotaged = (): Primitives => ({ ...ffiPrimitives(), sha256Into: (_, target, at) => void (target[at] = 1) });
  const wrong = chooseBackEnd(sabotaged, nodePrimitives, checkPrimitives);
  assert.equal(wrong.taken.backEnd, "node");
  assert.match(wrong.fallback ?? "", /^Cannot use back end "ffi": it computes SHA-256 /);
  const absent = (): Primitives => {
    throw new DomainError("unsupported", "ffi", "Cannot load native functions: none");
  };
  const missing = chooseBackEnd(absent, nodePrimitives, checkPrimitives);
  assert.deepEqual([missing.taken.backEnd, missing.fallback], ["node", "Cannot load native functions: none"]);
});
