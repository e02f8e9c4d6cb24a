import assert from "node:assert/strict";
import { test } from "node:test";
import type { HexId } from "../base/ids.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { intercept } from "../storage/intercept.ts";
import { MemoryStore } from "../storage/memory.ts";
import { timestampAt } from "./format/timestamp.ts";
import { keyOfFile } from "./layout.ts";
import { openRepository } from "./repository.ts";
import { findSnapshot, listSnapshots, type StoredSnapshot } from "./snapshots.ts";
import { SAMPLE_SECRET, SampleRepository } from "./testing/sample-repository.ts";

const clock = new FakeClock();

async function sample(): Promise<{ readonly store: MemoryStore; readonly repository: SampleRepository }> {
  const store = new MemoryStore({ clock });
  return { store, repository: await SampleRepository.init(store, clock) };
}

test("listSnapshots() gives what saveSnapshot() wrote, the oldest first whatever the order of ids", async () => {
  const { repository } = await sample();
  const saved: StoredSnapshot[] = [];
  for (const epochMs of [3, 1, 5, 2, 4]) saved.push(await repository.addSnapshot({}, { time: timestampAt(epochMs), tags: [`${epochMs}`] }));
  const { snapshots, findings } = await listSnapshots(repository.repository, {});
  assert.deepEqual(findings, []);
  assert.deepEqual(
    snapshots.map(({ snapshot }) => snapshot.tags[0]),
    ["1", "2", "3", "4", "5"],
  );
  assert.deepEqual(new Set(snapshots.map(({ id }) => id)), new Set(saved.map(({ id }) => id)));
  assert.deepEqual(snapshots[0]?.snapshot, { ...saved[1]?.snapshot, parent: undefined, original: undefined, summary: undefined });
});

test("listSnapshots() reports damaged ones and gives the others", async () => {
  const { store, repository } = await sample();
  const [good, bad, forged] = [await repository.addSnapshot({}), await repository.addSnapshot({}), await repository.addSnapshot({})];
  await store.put(keyOfFile("snapshots", bad.id), Buffer.from("damaged"));
  await store.delete(keyOfFile("snapshots", forged.id));
  const noSnapshot = await repository.repository.files.save("snapshots", Buffer.from('{"time":"yesterday"}'));
  const { snapshots, findings } = await listSnapshots(repository.repository, {});
  assert.deepEqual(
    snapshots.map(({ id }) => id),
    [good.id],
  );
  assert.deepEqual(
    new Set(findings.map(({ grade, code, object }) => `${grade} ${code} ${object}`)),
    new Set([bad.id, noSnapshot].map((id) => `critical snapshot_damaged snapshots/${id}`)),
  );
});

test("listSnapshots() says nothing of one that is removed meanwhile", async () => {
  const { store, repository } = await sample();
  const [kept, gone] = [await repository.addSnapshot({}), await repository.addSnapshot({})];
  const forgetting = intercept(store, async ({ name, key }, call) => {
    if (name === "get" && key.endsWith(gone.id)) await store.delete(keyOfFile("snapshots", gone.id));
    return call();
  });
  const { snapshots, findings } = await listSnapshots(await openRepository(forgetting, SAMPLE_SECRET), {});
  assert.deepEqual([snapshots.map(({ id }) => id), findings], [[kept.id], []]);
});

function stored(...ids: readonly string[]): StoredSnapshot[] {
  return ids.map((id) => ({ id: id.padEnd(64, "0") as HexId }) as StoredSnapshot);
}

test("findSnapshot() takes an id, the beginning of one, or the newest", () => {
  const snapshots = stored("abcd1", "abcd2", "ef01");
  assert.equal(findSnapshot(snapshots, "latest"), snapshots[2]);
  assert.equal(findSnapshot(snapshots, "ef01"), snapshots[2]);
  assert.equal(findSnapshot(snapshots, "abcd2"), snapshots[1]);
  assert.equal(findSnapshot(snapshots, snapshots[0]?.id ?? ""), snapshots[0]);
});

test("findSnapshot() refuses what means none or several", () => {
  const snapshots = stored("abcd1", "abcd2", "ef01");
  for (const name of ["ef0", "9999", "", "ABCD1", "latest "])
    assert.throws(() => findSnapshot(snapshots, name), { code: "snapshot_not_found" });
  assert.throws(() => findSnapshot([], "latest"), { kind: "not-found", code: "snapshot_not_found", message: /holds none/ });
  assert.throws(() => findSnapshot(snapshots, "abcd"), { kind: "usage", code: "snapshot_ambiguous" });
});
