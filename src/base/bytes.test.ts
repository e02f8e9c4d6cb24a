import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, equalConstantTime, parseBase64Url, parseHex, readUint32LE, toBase64Url, writeUint32LE } from "./bytes.ts";
import { fc } from "./testing/property.ts";

test("parseHex() reads back every text of toHex() and refuses others", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(parseHex(bytes.toHex()), bytes)));
  for (const text of ["a", "zz", "a b "]) assert.throws(() => parseHex(text), { kind: "usage", code: "hex" });
});

test("toBase64Url() is URL-safe and without padding, and parseBase64Url() reads it back", () => {
  assert.equal(toBase64Url(Uint8Array.of(0xfb, 0xff)), "-_8");
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(parseBase64Url(toBase64Url(bytes)), bytes)));
});

test("parseBase64Url() refuses padding, the other alphabet, spaces and stray bits", () => {
  for (const text of ["-_8=", "+/8", "-_ 8", "-_9", "a"]) assert.throws(() => parseBase64Url(text), { kind: "usage", code: "base64url" });
});

test("equalConstantTime() is equality, of different lengths too", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ maxLength: 3 }), (a, b) => {
      assert.equal(equalConstantTime(a, b), a.toHex() === b.toHex());
      assert.equal(equalConstantTime(a, a.slice()), true);
    }),
  );
});

test("concatBytes() puts parts one after the other, empty ones too", () => {
  assert.deepEqual(concatBytes([Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3)]), Uint8Array.of(1, 2, 3));
});

test("writeUint32LE() writes little-endian within a view, and readUint32LE() reads it back", () => {
  const bytes = new Uint8Array(8).subarray(1, 7);
  writeUint32LE(bytes, 2, 0xfedc_ba98);
  assert.equal(bytes.toHex(), "000098badcfe");
  fc.assert(
    fc.property(fc.nat({ max: 0xffff_ffff }), (value) => {
      writeUint32LE(bytes, 1, value);
      assert.equal(readUint32LE(bytes, 1), value);
    }),
  );
});

test("readUint32LE() and writeUint32LE() throw past the end and for values that do not fit", () => {
  assert.throws(() => readUint32LE(new Uint8Array(4), 1), RangeError);
  assert.throws(() => writeUint32LE(new Uint8Array(4), 1, 0), RangeError);
  for (const value of [-1, 2 ** 32, 0.5]) assert.throws(() => writeUint32LE(new Uint8Array(4), 0, value), RangeError);
});
