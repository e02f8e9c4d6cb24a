import assert from "node:assert/strict";
import { test } from "node:test";
import { childText, parseXml } from "./xml.ts";

test("parseXml() gives elements, text and entities", () => {
  const root = parseXml(
    '<?xml version="1.0"?>\n<s3:R xmlns="http://x/" a=\'1\'><K>a&amp;lt;&#65;&#x1F600;&quot;&apos;&gt;</K><E/><E x="y"/></s3:R>\n',
  );
  assert.equal(root.name, "R");
  assert.deepEqual(
    root.children.map(({ name }) => name),
    ["K", "E", "E"],
  );
  assert.equal(childText(root, "K"), `a&lt;A😀"'>`);
  assert.equal(childText(root, "E"), "");
  assert.equal(childText(root, "None"), undefined);
});

const hostile: Readonly<Record<string, string>> = {
  nothing: "",
  "no XML": "hello",
  "a web page": "<!DOCTYPE html><html></html>",
  "a document type": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  "an unknown entity": "<a>&b;</a>",
  "a bare ampersand": "<a>&</a>",
  "a character out of range": "<a>&#x110000;</a>",
  CDATA: "<a><![CDATA[b]]></a>",
  "a comment": "<a><!-- --></a>",
  "an open end": "<a><b></b>",
  "half a tag": "<a><b",
  "a close that fits nothing": "<a></b></a>",
  "a close too many": "<a></a></a>",
  "two roots": "<a/><b/>",
  "text beside the root": "<a/>b",
  "more levels than S3 has": "<a>".repeat(100_000) + "</a>".repeat(100_000),
  "more elements than a page has": `<a>${"<b/>".repeat(100_001)}</a>`,
};
for (const [name, text] of Object.entries(hostile)) {
  test(`parseXml() refuses ${name}`, () => assert.throws(() => parseXml(text), { kind: "corrupt", code: "storage_answer" }));
}

test("parseXml() takes time in proportion to the length of what it refuses", () => {
  for (const text of [`<a ${" ".repeat(1_000_000)}`, `<a>${"&".repeat(1_000_000)}`, `<?${"?".repeat(1_000_000)}`, "<a".repeat(500_000)]) {
    assert.throws(() => parseXml(text), { code: "storage_answer" });
  }
});
