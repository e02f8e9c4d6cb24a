import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { openStore } from "./open.ts";

const options = { clock: new FakeClock(), environment: {} };

test("openStore() takes paths and file URLs for folders", async () => {
  assert.equal((await openStore("/srv/a b", options)).url, "file:///srv/a%20b");
  assert.equal((await openStore("file:///srv/a%20b", options)).url, "file:///srv/a%20b");
});

test("openStore() gives buckets to the S3 store", async () => {
  await assert.rejects(openStore("s3://bucket/b?endpoint=ftp://host", options), {
    code: "storage_url",
    message: /endpoint "ftp:\/\/host"/,
  });
});

test("openStore() refuses the rest, and repeats nothing that may be a secret", async () => {
  for (const url of [
    "",
    "backups",
    "./backups",
    "file://host/path",
    "file:///a%2Fb",
    "https://user:SECRET@host/",
    "rest:http://user:SECRET@host/",
  ]) {
    await assert.rejects(openStore(url, options), { kind: "usage", code: "storage_url", message: /^(?!.*SECRET)/ });
  }
  await assert.rejects(openStore("sftp://host/path", options), { message: 'Cannot use the URL of a storage: scheme "sftp:" is not known' });
});
