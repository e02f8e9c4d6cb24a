import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteString, byteString, byteStringOf } from "../../../base/byte-string.ts";
import { fc } from "../../../base/testing/property.ts";
import { fromGoJson, fromGoQuotedJson, toGoJson, toGoQuotedJson } from "./go-string.ts";

const anyBytes = fc
  .oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
  )
  .map(byteString);

function jsonOf(text: ByteString): string {
  return Buffer.from(`"${text}"`, "latin1").toString("utf8");
}

test("toGoQuotedJson() writes names as restic does", () => {
  const rows = [
    ["plain-Name_1.txt", "plain-Name_1.txt"],
    ["a b", "a b"],
    ['"', String.raw`\\\"`],
    ["\\", String.raw`\\\\`],
    ["<>&'", String.raw`\u003c\u003e\u0026'`],
    ["\x07\b\f\n\r\t\v", String.raw`\\a\\b\\f\\n\\r\\t\\v`],
    ["\x01\x1b\x7f", String.raw`\\x01\\x1b\\x7f`],
    ["é日😀", "é日😀"],
    ["\u0085\u00a0\u00ad\u2028\ue000\uffff", String.raw`\\u0085\\u00a0\\u00ad\\u2028\\ue000\\uffff`],
    ["\u{e0001}\u{10ffff}", String.raw`\\U000e0001\\U0010ffff`],
    ["\ufffd", "\ufffd"],
    ["\u{1fadc}", String.raw`\\U0001fadc`], // of Unicode 16
  ] as const;
  for (const [name, json] of rows) assert.equal(toGoQuotedJson(byteStringOf(name)), byteStringOf(json), name);
  assert.equal(toGoQuotedJson("a\x80\xff\xe2\x82" as ByteString), String.raw`a\\x80\\xff\\xe2\\x82`);
});

test("fromGoQuotedJson() reads back every name of toGoQuotedJson(), which is valid JSON", () => {
  fc.assert(
    fc.property(anyBytes, (name) => {
      const json = toGoQuotedJson(name);
      assert.equal(typeof JSON.parse(jsonOf(json)), "string");
      assert.equal(fromGoQuotedJson(json), name);
    }),
    { numRuns: 1000 },
  );
});

test("fromGoQuotedJson() reads every escape that Go knows", () => {
  const rows = [
    [String.raw`\\101\\377\\000`, "A\xff\0"],
    [String.raw`\\x41\\u0041\\U00000041`, "AAA"],
    [String.raw`\u005cn\u0026`, "\n&"],
    [String.raw`\/'`, "/'"],
    [String.raw`\\u00e9`, "\xc3\xa9"],
    ["\xff", "\xef\xbf\xbd"],
    [String.raw`\ud83d\ude00\ud83d`, "\xf0\x9f\x98\x80\xef\xbf\xbd"],
  ] as const;
  for (const [json, name] of rows) assert.equal(fromGoQuotedJson(json as ByteString), name, json);
});

test("fromGoQuotedJson() refuses what is no Go string", () => {
  const refused = [
    String.raw`\"`, // a bare quote
    String.raw`\n`, // a bare newline
    String.raw`\\`, // an escape without its letter
    String.raw`a\\\\\\`,
    String.raw`\\'`,
    String.raw`\\q`,
    String.raw`\\x4`,
    String.raw`\\400`,
    String.raw`\\08`,
    String.raw`\\ud800`,
    String.raw`\\U00110000`,
    String.raw`\\Uffffffff`,
  ];
  for (const json of refused) assert.equal(fromGoQuotedJson(json as ByteString), undefined, json);
});

test("toGoJson() escapes for HTML and JavaScript, and replaces what is not UTF-8 byte by byte", () => {
  assert.equal(
    toGoJson(byteStringOf('a"\\/<>&\b\f\n\r\t\0\x1f\x7fé\u2028\u2029')),
    byteStringOf(String.raw`a\"\\/\u003c\u003e\u0026\b\f\n\r\t\u0000\u001f${"\x7f"}é\u2028\u2029`),
  );
  assert.equal(toGoJson("\xe2\x82x" as ByteString), String.raw`\ufffd\ufffdx`);
});

test("fromGoJson() is JSON.parse()", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, escapeAll) => {
      const written = JSON.stringify(text).slice(1, -1);
      const json = escapeAll
        ? written.replaceAll(/[^\\"\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
        : written;
      assert.equal(fromGoJson(byteStringOf(json)), byteStringOf(text.toWellFormed()));
      assert.equal(fromGoJson(toGoJson(byteStringOf(text))), byteStringOf(text));
    }),
    { numRuns: 1000 },
  );
});
