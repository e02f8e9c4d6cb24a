import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, zstdCompressSync } from "node:zlib";
import { checkZstdFrame } from "./zstd-frame.ts";

const { ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag } = constants;
const frame = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

test("checkZstdFrame() gives the stated content size, in each of its lengths", () => {
  for (const length of [0, 1, 255, 256, 65_791, 65_792, 300_000])
    for (const checksum of [0, 1]) {
      const data = zstdCompressSync(Buffer.alloc(length, 7), { pledgedSrcSize: length, params: { [ZSTD_c_checksumFlag]: checksum } });
      assert.equal(checkZstdFrame(data), length);
    }
  assert.equal(checkZstdFrame(frame("28b52ffd c0 50 0000000001000000 010000")), 2 ** 24 * 256);
});

test("checkZstdFrame() gives undefined when no content size is stated", () => {
  assert.equal(checkZstdFrame(zstdCompressSync("data", { params: { [ZSTD_c_contentSizeFlag]: 0 } })), undefined);
});

test("checkZstdFrame() says what is wrong", () => {
  const whole = "28b52ffd 20 05 290000 68656c6c6f";
  assert.equal(checkZstdFrame(frame(whole)), 5);
  const bad: readonly (readonly [string, string])[] = [
    ["", "the frame is cut short"],
    ["28b52f", "the frame is cut short"],
    ["28b52ffd20", "the frame is cut short"],
    [whole.slice(0, -2), "the frame is cut short"],
    ["28b52ffd 24 05 290000 68656c6c6f 000000", "the frame is cut short"],
    ["28b52ffd 20 05 280000 68656c6c6f", "the frame is cut short"],
    [`${whole}00`, "bytes follow the frame"],
    [whole + whole, "bytes follow the frame"],
    ["00b52ffd 20 05 290000 68656c6c6f", "no frame starts here"],
    ["502a4d18 00000000", "no frame starts here"],
    ["28b52ffd 21 01 05 290000 68656c6c6f", "the frame wants a dictionary"],
    ["28b52ffd 20 05 2f0000 68656c6c6f", "a block is of an unknown type"],
  ];
  for (const [hex, state] of bad)
    assert.throws(() => checkZstdFrame(frame(hex)), { kind: "corrupt", code: "zstd", message: `Cannot unpack zstd frame: ${state}` }, hex);
});
