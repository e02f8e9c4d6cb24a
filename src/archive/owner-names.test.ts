import assert from "node:assert/strict";
import { test } from "node:test";
import { readOwnerNames } from "./owner-names.ts";

test("readOwnerNames() knows the names of root", async () => {
  const { users, groups } = await readOwnerNames();
  assert.deepEqual([users.get(0), groups.get(0)], ["root", "root"]);
  assert.equal(users.get(4_000_000_000), undefined);
});
