import assert from "node:assert/strict";
import { test } from "node:test";
import { byteString, byteStringOf, bytesOf, displayText } from "./byte-string.ts";
import { fc } from "./testing/property.ts";

test("byteString() and bytesOf() keep any bytes, of a view too", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(new Uint8Array(bytesOf(byteString(bytes))), bytes)));
  assert.equal(byteString(Uint8Array.of(1, 0x61, 0x80, 0xff, 2).subarray(1, 4)), "a\x80\xff");
});

test("byteString() orders as the bytes do", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ maxLength: 3 }), (a, b) => {
      const [left, right] = [byteString(a), byteString(b)];
      const order = left < right ? -1 : Number(left > right);
      assert.equal(order, Buffer.compare(a, b));
    }),
  );
});

test("byteStringOf() is the UTF-8 form, ordered unlike JavaScript's strings above U+FFFF", () => {
  assert.deepEqual(bytesOf(byteStringOf("é😀")), Buffer.from("é😀"));
  assert.equal(byteStringOf("\ud800"), byteStringOf("\ufffd"));
  assert.deepEqual(["\uffff", "\u{10000}"].toSorted(), ["\u{10000}", "\uffff"]);
  assert.ok(byteStringOf("\u{10000}") > byteStringOf("\uffff"));
});

test("displayText() shows UTF-8 as it is and escapes the rest", () => {
  const shown: readonly (readonly [string, string])[] = [
    ["plain name.txt", "plain name.txt"],
    ["日本 👩‍👩‍👧 é", "日本 👩‍👩‍👧 é"],
    ["\ufeffbom", "\ufeffbom"],
    ["a\nb\x1b[31m\x7f", String.raw`a\x0ab\x1b[31m\x7f`],
    ["\u0085\u2028\u2029\u202e", String.raw`\u{85}\u{2028}\u{2029}\u{202e}`],
    [String.raw`a\x41`, String.raw`a\\x41`],
  ];
  for (const [text, expected] of shown) assert.equal(displayText(byteStringOf(text)), expected);
  // Too long forms, surrogates, above U+10FFFF, cut off, no lead byte.
  for (const hex of ["c0af", "e080af", "eda080", "f4908080", "e282", "f09f98", "80", "ff"]) {
    const bytes = Buffer.from(hex, "hex");
    assert.equal(displayText(byteString(bytes)), Array.from(bytes, (byte) => `\\x${byte.toString(16)}`).join(""), hex);
  }
  assert.equal(displayText(byteString(Buffer.from("61e9c3a9", "hex"))), String.raw`a\xe9é`);
});

test("displayText() escapes exactly what is not well-formed UTF-8", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6 }), (bytes) => {
      const wellFormed = Buffer.from(Buffer.from(bytes).toString("utf8")).equals(bytes);
      assert.equal(/\\x[89a-f]/.test(displayText(byteString(bytes))), !wellFormed);
    }),
  );
});

test("displayText() gives different texts for different bytes", () => {
  const part = fc.constantFrom("\\", "\\x0a", "\n", "x", "0a", "\xc2\x85", "\x85", "\\u{85}");
  const name = fc.array(part, { maxLength: 4 }).map((parts) => byteString(Buffer.from(parts.join(""), "latin1")));
  fc.assert(fc.property(name, name, (a, b) => assert.equal(displayText(a) === displayText(b), a === b)));
});
