import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, parseBytes } from "./byte-size.ts";
import { fc } from "./testing/property.ts";

const MIB = 2 ** 20;

test("formatBytes() picks the unit that reads best", () => {
  const texts = [0, 1023, 1024, 1536, 10 * 1024 - 1, 16 * MIB, MIB - 1, 2 ** 60].map(formatBytes);
  assert.deepEqual(texts, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "10 KiB", "16 MiB", "1.0 MiB", "1024 PiB"]);
});

test("parseBytes() reads binary units and plain bytes", () => {
  assert.deepEqual(["0", "4096", "1.5GiB", " 16 MiB ", "7 B"].map(parseBytes), [0, 4096, 1.5 * 2 ** 30, 16 * MIB, 7]);
});

test("parseBytes() refuses decimal units, signs, fractions of a byte and more than 2^53", () => {
  for (const text of ["", "MiB", "1 MB", "-1", "1e3", "0.5", "9 PiB", "1 mib"]) {
    assert.throws(() => parseBytes(text), { kind: "usage", code: "byte_size" });
  }
});

test("parseBytes() reads what formatBytes() writes, within its rounding", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 * 2 ** 50 }), (sizeBytes) => {
      const [amount = "", unit = ""] = formatBytes(sizeBytes).split(" ");
      const read = Number(amount) * parseBytes(`1 ${unit}`);
      assert.ok(Math.abs(read - sizeBytes) / sizeBytes <= 0.051);
    }),
  );
});
