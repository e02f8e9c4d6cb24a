import assert from "node:assert/strict";
import { test } from "node:test";
import type { ByteString } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { Finding } from "../../base/finding.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { keyOfFile } from "../../repository/layout.ts";
import { SampleRepository } from "../../repository/testing/sample-repository.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { findPlace, parseSnapshotPath, requireFolder } from "./snapshot-path.ts";
import { SnapshotTrees, walkTree } from "./snapshot-trees.ts";

const clock = new FakeClock();
const TOP = "" as ByteString;

async function sample(): Promise<{ readonly store: MemoryStore; readonly repository: SampleRepository }> {
  const store = new MemoryStore({ clock });
  return { store, repository: await SampleRepository.init(store, clock) };
}

test("walkTree() gives each folder before its contents, and enters those that it may", async () => {
  const { repository } = await sample();
  const { snapshot } = await repository.addSnapshot({ a: { b: { c: "1" }, d: "2" }, "a.txt": "3" });
  await using session = await repository.session();
  const walk = async (enter?: (path: ByteString) => boolean): Promise<string[]> => {
    const report = (finding: Finding): never => assert.fail(finding.message);
    const walked = walkTree(new SnapshotTrees(session), snapshot.tree, { path: TOP, enter, report });
    return (await Array.fromAsync(walked, ({ path, node }) => ({ path, type: node.type }))).map(({ path }) => path);
  };
  assert.deepEqual(await walk(), ["/a", "/a/b", "/a/b/c", "/a/d", "/a.txt"]);
  assert.deepEqual(await walk((path) => path !== "/a/b"), ["/a", "/a/b", "/a/d", "/a.txt"]);
  assert.deepEqual(await walk(() => false), ["/a", "/a.txt"]);
});

test("walkTree() reports a folder that cannot be read, and goes on behind it", async () => {
  const { store, repository } = await sample();
  const first = await repository.addSnapshot({ lost: { file: "1" } });
  const second = await repository.addSnapshot({ lost: { file: "1" }, other: { file: "2" } });
  await using session = await repository.session();
  const { index } = session;
  await store.delete(keyOfFile("data", index.packId(index.packOf(index.findHex("tree", first.snapshot.tree)))));
  const findings: Finding[] = [];
  const walked = walkTree(new SnapshotTrees(session), second.snapshot.tree, { path: TOP, report: (found) => findings.push(found) });
  assert.deepEqual(await Array.fromAsync(walked, ({ path }) => path), ["/lost", "/other", "/other/file"]);
  assert.deepEqual(
    findings.map(({ grade, code, object }) => [grade, code, object]),
    [["critical", "folder_damaged", "/lost"]],
  );
});

test("walkTree() ends when it is to, though all that it needs lies in memory", async () => {
  const { repository } = await sample();
  const { snapshot } = await repository.addSnapshot({ a: { b: { c: "1" } } });
  const abort = new AbortController();
  await using session = await repository.session([], abort.signal);
  const walked = walkTree(new SnapshotTrees(session), snapshot.tree, { path: TOP, report: () => undefined });
  await walked.next();
  abort.abort(new DomainError("cancelled", "cancelled", "Cancelled"));
  await assert.rejects(walked.next(), { code: "cancelled" });
});

test("findPlace() finds folders, files and the root, and says where there is nothing", async () => {
  const { repository } = await sample();
  const stored = await repository.addSnapshot({ a: { b: "content" } });
  await using session = await repository.session();
  const trees = new SnapshotTrees(session);
  const folder = await findPlace(trees, stored, "/a/");
  assert.deepEqual([folder.path, folder.node?.type, folder.tree], ["/a", "dir", folder.node?.subtree]);
  assert.deepEqual(await findPlace(trees, stored, "/"), { path: "", node: undefined, tree: stored.snapshot.tree });
  const file = await findPlace(trees, stored, "a/b");
  assert.deepEqual([file.path, file.node?.size, file.tree], ["/a/b", 7, undefined]);
  assert.throws(() => requireFolder(file, "a/b"), { kind: "usage", code: "not_a_folder" });
  for (const path of ["/c", "/a/c", "/a/b/c"]) {
    await assert.rejects(findPlace(trees, stored, path), { kind: "not-found", code: "path_not_found" });
  }
});

test("parseSnapshotPath() cuts at the first colon", () => {
  assert.deepEqual(parseSnapshotPath("latest"), { snapshot: "latest", path: "" });
  assert.deepEqual(parseSnapshotPath("ab12:/a:b"), { snapshot: "ab12", path: "/a:b" });
});
