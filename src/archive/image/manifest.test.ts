import assert from "node:assert/strict";
import { test } from "node:test";
import { PART_BYTES } from "./layout.ts";
import { encodeManifest, parseManifest } from "./manifest.ts";

const WHOLE = { format: "holdfast-image", version: 1, bytes: 3 * PART_BYTES, partBytes: PART_BYTES };

function parse(fields: unknown): unknown {
  return parseManifest(Buffer.from(JSON.stringify(fields)));
}

test("encodeManifest() writes version 1, which must not change: parents are known by its bytes", () => {
  const json = '{"format":"holdfast-image","version":1,"bytes":1099511627776,"partBytes":1073741824}';
  const layout = { bytes: 2 ** 40, partBytes: PART_BYTES };
  assert.equal(Buffer.from(encodeManifest(layout)).toString(), json);
  assert.deepEqual(parseManifest(Buffer.from(json)), layout);
});

test("parseManifest() reads past what it does not know", () => {
  assert.deepEqual(parse({ ...WHOLE, sectorBytes: 512 }), { bytes: 3 * PART_BYTES, partBytes: PART_BYTES });
});

const HOSTILE: Readonly<Record<string, object>> = {
  "another format": { format: "tar" },
  "no format": { format: undefined },
  "no version": { version: undefined },
  "a length below 0": { bytes: -1 },
  "a length that is no integer": { bytes: 1.5 },
  "a length beyond exact numbers": { bytes: 2 ** 53 },
  "a length that is text": { bytes: "1073741824" },
  "parts longer than 1 GiB": { partBytes: PART_BYTES + 1 },
  "parts of no bytes": { partBytes: 0 },
  "no part length": { partBytes: undefined },
  "more parts than can be named": { bytes: 1_000_001, partBytes: 1 },
};

for (const [what, change] of Object.entries(HOSTILE)) {
  test(`parseManifest() refuses ${what}`, () => {
    assert.throws(() => parse({ ...WHOLE, ...change }), { kind: "corrupt", code: "image_manifest" });
  });
}

test("parseManifest() refuses what is no JSON object, and later versions", () => {
  for (const json of ["", "[]", "null", "{", "\xff"]) {
    assert.throws(() => parseManifest(Buffer.from(json, "latin1")), { code: "image_manifest" });
  }
  assert.throws(() => parse({ ...WHOLE, version: 2 }), { kind: "unsupported", code: "image_version" });
});
