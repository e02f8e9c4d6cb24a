/** Both ends of the way that packs take from a thread to the store. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { HexId } from "../../base/ids.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { intercept } from "../../storage/intercept.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { LOCKED_PACK_BYTES, PACK_BUFFER_BYTES } from "../blob-packer.ts";
import { Cipher } from "../format/cipher.ts";
import { IndexWriter } from "../index-writer.ts";
import { SealedFiles } from "../sealed-files.ts";
import { TEST_KEY } from "../testing/pack-collector.ts";
import { PackUploads } from "./pack-uploads.ts";
import { ThreadPacks } from "./thread-packs.ts";

function setting() {
  const clock = new FakeClock();
  const memory = new MemoryStore({ clock });
  /** Uploads that wait for the test. */
  const gates: PromiseWithResolvers<void>[] = [];
  const store = intercept(memory, async ({ name, key }, call) => {
    if (name === "put" && key.startsWith("data/")) {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
    }
    return call();
  });
  const failures: unknown[] = [];
  const index = new IndexWriter(new SealedFiles(store, new Cipher(TEST_KEY), 2), clock);
  const uploads = new PackUploads(store, index, new AbortController().signal, (error) => failures.push(error));
  return { uploads, gates, failures, index, memory };
}

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    assert.ok(turns < 100_000, "it never comes true");
    await turn();
  }
}

test("a thread has as many packs in memory as it may, and goes on when one of them is stored", async () => {
  const { uploads, gates, index, memory } = setting();
  const { channel, flushed } = uploads.open(2);
  const done = flushed();
  const script = `
    const { workerData, parentPort } = require("node:worker_threads");
    import(workerData.module).then(({ ThreadPacks }) => {
      const packs = new ThreadPacks(workerData.channel);
      for (let pack = 0; pack < 5; pack++) {
        const buffer = packs.take(100);
        const id = String(pack).repeat(64);
        packs.store({ id, sha256: new Uint8Array(32), type: "data", buffer, lengthBytes: 10 + pack, blobs: [] });
        parentPort.postMessage(pack);
      }
      packs.flushed();
    });
  `;
  const workerData = { module: new URL("thread-packs.ts", import.meta.url).href, channel };
  const worker = new Worker(script, { eval: true, workerData, transferList: [channel.port] });
  let stored = -1;
  worker.on("message", (pack: number) => (stored = pack));
  for (let pack = 1; pack < 5; pack++) {
    await until(() => stored === pack && gates.length === Math.min(pack + 1, 5));
    gates[pack - 1]?.resolve();
  }
  await until(() => gates.length === 5);
  let isFlushed = false;
  void done.then(() => (isFlushed = true));
  await turn();
  assert.ok(!isFlushed, "the last pack is not stored");
  gates[4]?.resolve();
  await done;
  await index.flush();
  const objects = await Array.fromAsync(memory.list("data/"), ({ sizeBytes }) => sizeBytes);
  assert.deepEqual(
    objects.toSorted((a, b) => a - b),
    [10, 11, 12, 13, 14],
  );
  await worker.terminate();
  uploads[Symbol.dispose]();
});

test("a pack that cannot be stored is told, and its buffer does not come back", async () => {
  const { uploads, gates, failures } = setting();
  const { channel } = uploads.open(1);
  const packs = new ThreadPacks(channel);
  const id = "ab".repeat(32) as HexId;
  packs.store({ id, sha256: new Uint8Array(32), type: "data", buffer: packs.take(1), lengthBytes: 1, blobs: [] });
  await until(() => gates.length === 1);
  gates[0]?.reject(new Error("no space"));
  await until(() => failures.length === 1);
  assert.equal(Atomics.load(new Int32Array(channel.returned), 0), 0);
  uploads[Symbol.dispose]();
});

test("take() gives memory of its own for what is longer than a pack", () => {
  const { uploads } = setting();
  const packs = new ThreadPacks(uploads.open(1).channel);
  assert.equal(packs.take(PACK_BUFFER_BYTES + 1).byteLength, PACK_BUFFER_BYTES + 1);
  const own = packs.take(1);
  assert.equal(own.byteLength, PACK_BUFFER_BYTES);
  packs.giveBack(own);
  assert.equal(packs.take(1), own);
  const long = new ThreadPacks(uploads.open(1, LOCKED_PACK_BYTES).channel);
  assert.ok(long.take(1).byteLength > LOCKED_PACK_BYTES, "a buffer holds a whole pack");
  uploads[Symbol.dispose]();
});
