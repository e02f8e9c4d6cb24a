import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Finding } from "../base/finding.ts";
import { parseObjectKey } from "../storage/object-store.ts";
import { openRetryingStore } from "./open-store.ts";
import { fakeContext } from "./testing/fake-context.ts";

test("openRetryingStore() opens a folder", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-options-"));
  const findings: Finding[] = [];
  const { store, traffic } = await openRetryingStore(folder.path, fakeContext(), (finding) => findings.push(finding));
  await using _ = store;
  const key = parseObjectKey("a");
  await store.put(key, Buffer.from("content"));
  assert.deepEqual([Buffer.from(await store.get(key)).toString(), findings], ["content", []]);
  assert.deepEqual({ ...traffic }, { requests: 2, bytesSent: 7, bytesReceived: 7 });
});

test("openRetryingStore() gives up at once on what trying again cannot help", async () => {
  await assert.rejects(
    openRetryingStore("http://host/", fakeContext(), () => assert.fail("no retry")),
    { kind: "usage", code: "storage_url" },
  );
});
