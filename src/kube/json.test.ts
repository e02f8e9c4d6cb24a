import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../base/testing/property.ts";
import { parseJson } from "./json.ts";

test("parseJson() keeps every digit of integers, wherever they stand", () => {
  const text = '{"a":9007199254740993,"b":[-9223372036854775808,1],"c":{"d":18446744073709551615},"e":123456789012345678901234567890}';
  assert.equal(JSON.stringify(parseJson(text)), text);
  assert.equal(JSON.stringify(parseJson("9007199254740993")), "9007199254740993");
});

test("parseJson() gives plain numbers where these are exact", () => {
  assert.deepEqual(parseJson('{"a":9007199254740991,"b":1.5,"c":"9007199254740993"}'), {
    a: 9_007_199_254_740_991,
    b: 1.5,
    c: "9007199254740993",
  });
});

test("parseJson() and JSON.stringify() change no value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.bigInt(), (value, integer) => {
      const text = `{"value":${JSON.stringify(value)},"integer":${integer}}`;
      assert.equal(JSON.stringify(parseJson(text)), text);
    }),
  );
});

test("parseJson() takes the name of a prototype for a name", () => {
  const text = '{"__proto__":{"a":1},"constructor":9007199254740993}';
  assert.equal(JSON.stringify(parseJson(text)), text);
});
