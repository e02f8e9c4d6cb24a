import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { compileModule, MODULE } from "./build.ts";

test("the module that is committed is what the source compiles to", async () => {
  assert.ok((await readFile(MODULE, "utf8")) === (await compileModule()), `${MODULE} is out of date: node dev/wasm/build.ts`);
});
