import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { HexId } from "../base/ids.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { faulty } from "../storage/faulty.ts";
import { MemoryStore } from "../storage/memory.ts";
import { keyOfFile } from "./layout.ts";
import { openIndex } from "./open-index.ts";
import { openRepository } from "./repository.ts";
import { SAMPLE_SECRET, SampleRepository } from "./testing/sample-repository.ts";

const clock = new FakeClock();

async function sample(): Promise<{ readonly store: MemoryStore; readonly sample: SampleRepository; readonly ids: HexId[] }> {
  const store = new MemoryStore({ clock });
  const repository = await SampleRepository.init(store, clock);
  const trees = [await repository.addTree({ one: "first" }), await repository.addTree({ two: "second" })];
  return { store, sample: repository, ids: trees };
}

async function indexFiles(store: MemoryStore): Promise<HexId[]> {
  return Array.fromAsync(store.list("index/"), ({ key }) => key.slice("index/".length) as HexId);
}

test("openIndex() reads all files", async () => {
  const {
    store,
    sample: { repository },
    ids,
  } = await sample();
  const { index, files, findings } = await openIndex(repository, { threads: 1 });
  assert.equal(index.size, 4);
  for (const id of ids) assert.ok(index.findHex("tree", id) > 0);
  assert.deepEqual([files, findings], [new Set(await indexFiles(store)), []]);
});

test("openIndex() of an empty repository is empty", async () => {
  const store = new MemoryStore({ clock });
  const { repository } = await SampleRepository.init(store, clock);
  const { index, files, findings } = await openIndex(repository, { threads: 1 });
  assert.deepEqual([index.size, files.size, findings], [0, 0, []]);
});

for (const what of ["other bytes", "a file sealed by nobody", "a file that is no index"] as const) {
  test(`openIndex() reports ${what} and reads the rest`, async () => {
    const {
      store,
      sample: { repository },
    } = await sample();
    const [first] = await indexFiles(store);
    assert.ok(first !== undefined);
    let bad = first;
    if (what === "other bytes") await store.put(keyOfFile("index", first), Buffer.from("damaged"));
    else await store.delete(keyOfFile("index", first));
    if (what === "a file that is no index") bad = await repository.files.save("index", Buffer.from('{"packs":7}'));
    if (what === "a file sealed by nobody") {
      // The name is the hash of the bytes, as anybody can make it.
      const bytes = Buffer.alloc(100, 7);
      bad = createHash("sha256").update(bytes).digest("hex") as HexId;
      await store.put(keyOfFile("index", bad), bytes);
    }
    const { index, findings } = await openIndex(repository, { threads: 1 });
    assert.equal(index.size, 2);
    assert.deepEqual(
      findings.map(({ grade, code, object }) => [grade, code, object]),
      [["critical", "index_file_damaged", `index/${bad}`]],
    );
  });
}

test("openIndex() fails if the store does", async () => {
  const { store } = await sample();
  const broken = faulty(store, ({ name, key }) => (name === "get" && key.startsWith("index/") ? "refused" : undefined));
  const repository = await openRepository(broken, SAMPLE_SECRET);
  await assert.rejects(openIndex(repository, { threads: 1 }), { kind: "unavailable" });
});
