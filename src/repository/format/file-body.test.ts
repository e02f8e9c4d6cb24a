import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, zstdCompressSync } from "node:zlib";
import { concatBytes } from "../../base/bytes.ts";
import { DomainError } from "../../base/errors.ts";
import { fc } from "../../base/testing/property.ts";
import { packFileBody, unpackFileBody } from "./file-body.ts";

const LIMIT = 100_000;
const LONG_JSON = Buffer.from(JSON.stringify({ list: Array.from({ length: 1_000 }, (_, nr) => nr % 7) }));
const corruptBody = { kind: "corrupt", code: "file_body" };
const corruptZstd = { kind: "corrupt", code: "zstd" };

/** A frame that says how long its content is, or does not. */
function frame(content: Uint8Array, isSized: boolean): Uint8Array {
  return concatBytes([Uint8Array.of(2), zstdCompressSync(content, { params: { [constants.ZSTD_c_contentSizeFlag]: isSized ? 1 : 0 } })]);
}

test("packFileBody() writes plain JSON in version 1, and a shorter zstd frame behind a 2 in version 2", () => {
  assert.equal(packFileBody(LONG_JSON, 1), LONG_JSON);
  const body = packFileBody(LONG_JSON, 2);
  assert.equal(body[0], 2);
  assert.ok(body.length < LONG_JSON.length / 10);
});

test("packFileBody() leaves JSON as it is that does not shrink, and takes nothing else", () => {
  assert.deepEqual(Buffer.from(packFileBody(Buffer.from("{}"), 2)).toString(), "{}");
  for (const other of ["", "2", " {}", "\x02"]) assert.throws(() => packFileBody(Buffer.from(other), 2), RangeError);
});

test("unpackFileBody() reads back what packFileBody() wrote", () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(1 as const, 2 as const), (json, version) => {
      const bytes = Buffer.from(JSON.stringify([JSON.parse(json)]));
      assert.deepEqual(Buffer.from(unpackFileBody(packFileBody(bytes, version), LIMIT)), bytes);
    }),
  );
});

test("unpackFileBody() reads frames that do not say how long their content is, as rustic writes them", () => {
  assert.deepEqual(Buffer.from(unpackFileBody(frame(LONG_JSON, false), LIMIT)), LONG_JSON);
});

test("unpackFileBody() accepts what is as long as the limit, and refuses one byte more, however it is packed", () => {
  for (const pack of [(json: Uint8Array) => json, (json: Uint8Array) => frame(json, true), (json: Uint8Array) => frame(json, false)]) {
    const body = pack(LONG_JSON);
    assert.equal(unpackFileBody(body, LONG_JSON.length).length, LONG_JSON.length);
    assert.throws(() => unpackFileBody(body, LONG_JSON.length - 1), corruptBody);
  }
});

test("unpackFileBody() does not unpack a bomb, whether its frame says how long it is or not", () => {
  const bomb = Buffer.alloc(64 << 20, "[");
  for (const isSized of [true, false]) {
    const body = frame(bomb, isSized);
    const before = process.memoryUsage().arrayBuffers;
    assert.throws(() => unpackFileBody(body, LIMIT), corruptBody);
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 << 20);
  }
});

test("unpackFileBody() refuses an empty body, an unknown first byte, and frames that are cut short, followed by more, or junk", () => {
  for (const body of ["", "\x01{}", "\x03", " {}", "null"])
    assert.throws(() => unpackFileBody(Buffer.from(body), LIMIT), corruptBody, body);
  const damaged = frame(LONG_JSON, false);
  damaged.fill(0xff, 8);
  const whole = [frame(LONG_JSON, true), frame(LONG_JSON, false)];
  const bad = [...whole.flatMap((body) => [body.subarray(0, -1), concatBytes([body, Uint8Array.of(0)])]), Uint8Array.of(2), damaged];
  for (const body of bad) assert.throws(() => unpackFileBody(body, LIMIT), corruptZstd);
});

test("unpackFileBody() answers to any frame with content within the limit or one of its two errors", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (junk) => {
      try {
        assert.ok(unpackFileBody(concatBytes([Uint8Array.of(2), junk]), LIMIT).length <= LIMIT);
      } catch (error) {
        assert.ok(
          error instanceof DomainError && ["corrupt/file_body", "corrupt/zstd"].includes(`${error.kind}/${error.code}`),
          String(error),
        );
      }
    }),
  );
});
