import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import type { BlobType } from "../format/blob.ts";
import { BlobSet } from "./blob-set.ts";

test("a BlobSet holds what was added, by type and id, and says what was new", () => {
  const types = fc.constantFrom<BlobType>("data", "tree");
  fc.assert(
    fc.property(fc.array(fc.tuple(types, fc.nat(20))), (given) => {
      const set = BlobSet.create();
      const attached = BlobSet.attach(set.shared);
      const model = new Set<string>();
      for (const [type, n] of given) {
        const ids = new Uint8Array(40);
        ids[7 + n] = 1;
        assert.equal(attached.has(type, ids, 7), model.has(`${type} ${n}`));
        assert.equal(set.add(type, ids, 7), !model.has(`${type} ${n}`));
        model.add(`${type} ${n}`);
      }
      assert.equal(attached.size, model.size);
    }),
  );
});
