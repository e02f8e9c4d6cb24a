import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import { PACK_BYTES } from "../blob-packer.ts";
import { decidePacks, type PackFate, type PackUse, type RewriteOptions } from "./decide.ts";

const MIB = 1 << 20;

/** A full pack of data of which so many MiB are unused. */
function pack(unusedMib: number, rest: Partial<PackUse> = {}): PackUse {
  const unusedBytes = unusedMib * MIB;
  const usedBytes = PACK_BYTES - unusedBytes;
  const counts = { usedBlobs: usedBytes > 0 ? 1 : 0, unusedBlobs: unusedBytes > 0 ? 1 : 0 };
  return { type: "data", usedBytes, unusedBytes, hasUncompressed: false, ...counts, ...rest };
}

function smallPack(bytes: number, type: PackUse["type"] = "data"): PackUse {
  return pack(0, { type, usedBytes: bytes });
}

function fatesOf(packs: readonly PackUse[], options: RewriteOptions = {}): readonly (PackFate | undefined)[] {
  const fates = decidePacks(packs, options);
  return packs.map((each) => fates.get(each));
}

const whole = (count: number): readonly PackUse[] => Array.from({ length: count }, () => pack(0));

const CASES: readonly {
  readonly name: string;
  readonly packs: readonly PackUse[];
  readonly options?: RewriteOptions;
  readonly fates: readonly PackFate[];
}[] = [
  { name: "drops what is unused as a whole and keeps what is used as a whole", packs: [pack(16), pack(0)], fates: ["drop", "keep"] },
  {
    name: "leaves 5 % unused",
    packs: [pack(1), pack(4), ...whole(3)],
    fates: ["keep", "rewrite", "keep", "keep", "keep"],
  },
  {
    name: "rewrites packs with the largest unused part first, until no more is unused than may be",
    packs: [pack(3), pack(8), pack(5)],
    options: { maxUnused: { bytes: 3 * MIB } },
    fates: ["keep", "rewrite", "rewrite"],
  },
  { name: "leaves everything with no limit", packs: [pack(15), pack(8)], options: { maxUnused: "unlimited" }, fates: ["keep", "keep"] },
  {
    name: "rewrites everything with none allowed",
    packs: [pack(1), pack(0)],
    options: { maxUnused: { bytes: 0 } },
    fates: ["rewrite", "keep"],
  },
  {
    name: "rewrites no more bytes than it may",
    packs: [pack(8), pack(9), pack(10)],
    options: { maxUnused: { bytes: 0 }, maxRepackBytes: 2 * PACK_BYTES },
    fates: ["keep", "rewrite", "rewrite"],
  },
  {
    name: "rewrites trees and mixed packs whatever the limit",
    packs: [pack(1, { type: "tree" }), pack(0, { type: "mixed" }), ...whole(9)],
    options: { maxUnused: "unlimited" },
    fates: ["rewrite", "rewrite", ...whole(9).map((): PackFate => "keep")],
  },
  {
    name: "merges ten tiny packs of a kind, and not nine",
    packs: [...Array.from({ length: 10 }, () => smallPack(1000)), ...Array.from({ length: 9 }, () => smallPack(1000, "tree"))],
    fates: [...Array.from({ length: 10 }, (): PackFate => "rewrite"), ...Array.from({ length: 9 }, (): PackFate => "keep")],
  },
  {
    name: "merges packs below 80 % of the usual length if it is told to",
    packs: Array.from({ length: 10 }, () => smallPack(12 * MIB)),
    options: { repackSmall: true },
    fates: Array.from({ length: 10 }, (): PackFate => "rewrite"),
  },
  {
    name: "rewrites uncompressed packs if it is told to",
    packs: [pack(0, { hasUncompressed: true }), pack(0)],
    options: { repackUncompressed: true },
    fates: ["rewrite", "keep"],
  },
];

for (const { name, packs, options, fates } of CASES) {
  test(`decidePacks() ${name}`, () => assert.deepEqual(fatesOf(packs, options), fates));
}

test("decidePacks() drops exactly the unused packs, and keeps to both limits", () => {
  const packs = fc.array(
    fc.record({ unused: fc.integer({ min: 0, max: 16 }), type: fc.constantFrom("data", "data", "tree") }).map(({ unused, type }) => {
      return pack(unused, { type: type as PackUse["type"] });
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(packs, fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }), (all, unusedMib, repackPacks) => {
      const maxRepackBytes = repackPacks * PACK_BYTES;
      const fates = decidePacks(all, { maxUnused: { bytes: unusedMib * MIB }, maxRepackBytes });
      const having = (fate: PackFate): readonly PackUse[] => all.filter((each) => fates.get(each) === fate);
      assert.deepEqual(new Set(having("drop")), new Set(all.filter(({ usedBlobs }) => usedBlobs === 0)));
      const read = having("rewrite").length * PACK_BYTES;
      assert.ok(read <= maxRepackBytes);
      const unused = having("keep").reduce((sum, { unusedBytes }) => sum + unusedBytes, 0);
      assert.ok(unused <= unusedMib * MIB || read + PACK_BYTES > maxRepackBytes);
    }),
  );
});
