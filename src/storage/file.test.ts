import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, readdir, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import { FileStore } from "./file.ts";
import { parseObjectKey } from "./object-store.ts";

const KEY = parseObjectKey("data/ab/object");

function temporaryFolder() {
  return mkdtempDisposable(join(tmpdir(), "holdfast-file-"));
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof DomainError && error.code === code;
}

test("put() writes files and folders that only their owner can read, and leaves nothing beside them", async () => {
  await using folder = await temporaryFolder();
  await new FileStore(folder.path, systemClock).put(KEY, Buffer.from("x"));
  assert.equal((await stat(join(folder.path, KEY))).mode & 0o777, 0o600);
  assert.equal((await stat(join(folder.path, "data"))).mode & 0o777, 0o700);
  assert.deepEqual(await readdir(join(folder.path, ".unfinished")), []);
});

test("put() removes what a killed writer left a day ago, and no list shows it", async () => {
  await using folder = await temporaryFolder();
  const unfinished = join(folder.path, ".unfinished");
  await mkdir(unfinished, { recursive: true });
  for (const name of ["old", "new"]) await writeFile(join(unfinished, name), "half");
  const twoDaysAgo = systemClock.now() / 1000 - 2 * 86_400; // seconds
  await utimes(join(unfinished, "old"), twoDaysAgo, twoDaysAgo);
  const store = new FileStore(folder.path, systemClock);
  await store.put(KEY, Buffer.from("x"));
  assert.deepEqual(await readdir(unfinished), ["new"]);
  assert.deepEqual(
    (await Array.fromAsync(store.list(""))).map(({ key }) => key),
    [KEY],
  );
});

test("get() and list() do not follow a link that somebody put in the place of an object", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "outside"), "secret");
  await symlink(join(folder.path, "outside"), join(folder.path, "link"));
  const store = new FileStore(folder.path, systemClock);
  await assert.rejects(store.get(parseObjectKey("link")), hasCode("object_not_found"));
  await assert.rejects(store.info(parseObjectKey("link")), hasCode("object_not_found"));
  assert.deepEqual(
    (await Array.fromAsync(store.list(""))).map(({ key }) => key),
    ["outside"],
  );
});

test("parseObjectKey() refuses every name that could lead out of the store", () => {
  for (const name of ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\\b", "a\0b", "a\nb", "\ud800", "x".repeat(901)]) {
    assert.throws(() => parseObjectKey(name), hasCode("object_key"), JSON.stringify(name));
  }
  assert.equal(parseObjectKey("data/ab/..c"), "data/ab/..c");
});

test("delete() takes away with the last object of a folder the folder, if this store made it, and no other", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "data"));
  const store = new FileStore(folder.path, systemClock);
  const neighbour = parseObjectKey("data/ab/other");
  for (const key of [KEY, neighbour]) await store.put(key, Buffer.from("x"));
  await store.delete(KEY);
  assert.deepEqual(await readdir(join(folder.path, "data/ab")), ["other"]);
  await store.delete(neighbour);
  assert.deepEqual(await readdir(join(folder.path, "data")), []);
});

test("put() finds its folder again while another store takes it away whenever it is empty", async () => {
  await using folder = await temporaryFolder();
  const rounds = Array.from({ length: 100 }, (_, round) => parseObjectKey(`locks/${round}`));
  const stores = Array.from({ length: 4 }, () => new FileStore(folder.path, systemClock));
  const work = async (store: FileStore, number: number): Promise<void> => {
    for (const round of rounds) {
      const key = parseObjectKey(`${round}-${number}`);
      await store.put(key, Buffer.from(key));
      assert.equal(Buffer.from(await store.get(key)).toString(), key);
      await store.delete(key);
    }
  };
  await Promise.all(stores.map(work));
});

test("put() says where no folder can be made, instead of trying for ever", async () => {
  const store = new FileStore("/proc/holdfast/store", systemClock);
  await assert.rejects(store.put(KEY, Buffer.from("x")), {
    code: "storage_no_folder",
    message: "Cannot use file:///proc/holdfast/store: no folder can be made there",
  });
});
