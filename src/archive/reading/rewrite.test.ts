import assert from "node:assert/strict";
import { test } from "node:test";
import type { ByteString } from "../../base/byte-string.ts";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { SampleRepository, type SampleTree } from "../../repository/testing/sample-repository.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { type RewrittenTree, TreeRewriter } from "./rewrite.ts";
import { SnapshotTrees, walkTree } from "./snapshot-trees.ts";

const clock = new FakeClock();
const TREE: SampleTree = { keep: { a: "1" }, mixed: { b: "22", "c.tmp": "333" }, "whole.tmp": { d: "4444", e: "5" } };

async function rewrite(
  repository: SampleRepository,
  tree: HexId,
  isExcluded: (path: ByteString) => boolean,
  dryRun = false,
): Promise<RewrittenTree> {
  await using session = await repository.session();
  const rewriter = new TreeRewriter(session, new SnapshotTrees(session), { isExcluded, dryRun, clock });
  const rewritten = await rewriter.rewrite(tree);
  await rewriter.flush();
  return rewritten;
}

async function pathsIn(repository: SampleRepository, tree: HexId): Promise<string[]> {
  await using session = await repository.session();
  const report = (finding: Finding): never => assert.fail(finding.message);
  return await Array.fromAsync(walkTree(new SnapshotTrees(session), tree, { path: "" as ByteString, report }), ({ path }) => path);
}

const isTemporary = (path: ByteString): boolean => path.endsWith(".tmp");

test("rewrite() leaves out what is excluded, and counts the files that go with it", async () => {
  const repository = await SampleRepository.init(new MemoryStore({ clock }), clock);
  const { tree, files, bytes } = await rewrite(repository, await repository.addTree(TREE), isTemporary);
  assert.deepEqual([files, bytes], [3, 8]);
  assert.deepEqual(await pathsIn(repository, tree), ["/keep", "/keep/a", "/mixed", "/mixed/b"]);
});

test("rewrite() gives the tree that a backup without the files would have made", async () => {
  const repository = await SampleRepository.init(new MemoryStore({ clock }), clock);
  const rewritten = await rewrite(repository, await repository.addTree(TREE), isTemporary);
  assert.equal(rewritten.tree, await repository.addTree({ keep: { a: "1" }, mixed: { b: "22" } }));
});

test("rewrite() stores nothing where nothing is excluded, and nothing in a dry run", async () => {
  const store = new MemoryStore({ clock });
  const repository = await SampleRepository.init(store, clock);
  const tree = await repository.addTree(TREE);
  const before = await Array.fromAsync(store.list(""), ({ key }) => key);
  assert.equal((await rewrite(repository, tree, () => false)).tree, tree);
  assert.notEqual((await rewrite(repository, tree, isTemporary, true)).tree, tree);
  assert.deepEqual(await Array.fromAsync(store.list(""), ({ key }) => key), before);
});
