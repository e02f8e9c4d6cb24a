import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../../base/errors.ts";
import { fc } from "../../base/testing/property.ts";
import { JsonScanner } from "./json-scanner.ts";

function scannerOf(text: string): JsonScanner {
  return new JsonScanner(Buffer.from(text), (at, state) => new DomainError("corrupt", "test", state, { details: { at } }));
}

function accepts(text: string): boolean {
  const json = scannerOf(text);
  try {
    json.skipValue();
    json.end();
    return true;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return false;
  }
}

function jsonParseAccepts(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("skipValue() accepts every JSON text, laid out in any way", () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom("", " ", "\t", "\r\n  "), (text, indent) => {
      assert.ok(accepts(JSON.stringify(JSON.parse(text), undefined, indent)));
    }),
  );
});

test("skipValue() accepts a text with one character changed, removed or added exactly when JSON.parse() does", () => {
  const seeds = ['{"a":[1,-0.5e+3,{"b\\u00e9\\n":null}],"c":true}', '[0,10,false,"x\\"",{}]', "-12.50E-7", " [ ] "];
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.nat(60), fc.nat(1), fc.string({ maxLength: 1 }), (seed, place, cut, added) => {
      const at = place % (seed.length + 1);
      const text = seed.slice(0, at) + added + seed.slice(at + cut);
      assert.equal(accepts(text), jsonParseAccepts(text), text);
    }),
    { numRuns: 3_000 },
  );
});

test("skipValue() refuses values nested deeper than 64 without using up the stack", () => {
  assert.ok(accepts("[".repeat(64) + "]".repeat(64)));
  assert.ok(!accepts("[".repeat(1_000_000)));
});

test("hexInto() takes lower-case digits only, and exactly as many as asked for", () => {
  const target = new Uint8Array(2);
  const json = scannerOf(' "0aff"x');
  json.hexInto(target);
  assert.deepEqual([...target, json.at], [0x0a, 0xff, 7]);
  for (const text of ['"0aFf"', '"0af"', '"0aff0"', '"0af', '"0ag0"', "0aff", '"\\u0030', ""]) {
    assert.throws(() => scannerOf(text).hexInto(target), { code: "test" }, text);
  }
});

test("integer() takes whole numbers up to its bound, and no other form", () => {
  assert.equal(scannerOf(" 0,").integer(10), 0);
  assert.equal(scannerOf("4294967295").integer(0xffff_ffff), 0xffff_ffff);
  for (const text of ["4294967296", "9".repeat(400), "-1", "01", "1.0", "1e3", "1E3", '"1"', "null", ""]) {
    assert.throws(() => scannerOf(text).integer(0xffff_ffff), { code: "test" }, text);
  }
});
