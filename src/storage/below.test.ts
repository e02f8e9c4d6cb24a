import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { below } from "./below.ts";
import { intercept } from "./intercept.ts";
import { MemoryStore } from "./memory.ts";
import { parseObjectKey } from "./object-store.ts";

test("below() sees its folder alone, and not one whose name begins like it", async () => {
  const store = new MemoryStore({ clock: new FakeClock() });
  for (const key of ["a/x", "a/y/z", "ab/x", "x"]) await store.put(parseObjectKey(key), new Uint8Array(1));
  const inner = below(store, "a");
  assert.deepEqual(await Array.fromAsync(inner.list(""), ({ key }) => key), ["x", "y/z"]);
  await inner.delete(parseObjectKey("x"));
  assert.deepEqual(await Array.fromAsync(store.list(""), ({ key }) => key), ["a/y/z", "ab/x", "x"]);
});

test("below() names its place in the URL, before the options of a bucket", () => {
  const store = intercept(new MemoryStore({ clock: new FakeClock() }), (_operation, call) => call());
  const at = (url: string): string => below({ ...store, url }, "a/b").url;
  assert.deepEqual(
    [at("s3://bucket/p?region=eu"), at("file:///srv/"), at("s3://bucket")],
    ["s3://bucket/p/a/b?region=eu", "file:///srv/a/b", "s3://bucket/a/b"],
  );
});
