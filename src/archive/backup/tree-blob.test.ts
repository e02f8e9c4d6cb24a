import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { ByteString } from "../../base/byte-string.ts";
import { BlobPacker, MAX_SHARED_BLOB_BYTES } from "../../repository/blob-packer.ts";
import { BlobIndex } from "../../repository/index/blob-index.ts";
import { BlobSet } from "../../repository/index/blob-set.ts";
import { PackCollector, TEST_SETTINGS } from "../../repository/testing/pack-collector.ts";
import { TreeBlob } from "./tree-blob.ts";

function setting() {
  const sink = new PackCollector();
  const packer = new BlobPacker("tree", TEST_SETTINGS, BlobIndex.create({ expectedBlobs: 1 }), BlobSet.create(), sink);
  return { sink, packer };
}

/** Nodes are taken as they are: their form is the encoder's. */
function store(packer: BlobPacker, entries: number): { readonly id: string; readonly text: string } {
  const tree = new TreeBlob(packer);
  const nodes: string[] = [];
  for (let entry = 0; entry < entries; entry++) {
    const name = String(entry).padStart(7, "0");
    const node = `{"name":"${name}","x":"${createHash("sha512").update(name).digest("hex")}"}`;
    tree.add(name as ByteString, node as ByteString);
    nodes.push(node);
  }
  return { id: tree.store(), text: `{"nodes":[${nodes.join(",")}]}\n` };
}

test("store() gives the hash of what the nodes make, whether the tree is short, in pieces, or too long to be held", () => {
  const { sink, packer } = setting();
  const trees = [0, 1, 1_000, 40_000, 80_000].map((entries) => store(packer, entries));
  assert.ok((trees.at(-1)?.text.length ?? 0) > MAX_SHARED_BLOB_BYTES);
  packer.flush();
  const found = sink.contents();
  for (const { id, text } of trees) {
    assert.equal(id, createHash("sha256").update(text).digest("hex"));
    assert.ok(Buffer.from(text).equals(found.get(id) ?? assert.fail()));
  }
  assert.equal(found.size, trees.length);
});

test("store() stores a tree once, a long one too", () => {
  const { sink, packer } = setting();
  for (const entries of [10, 80_000, 10, 80_000]) store(packer, entries);
  packer.flush();
  assert.equal(packer.counters.newBlobs, 2);
  assert.equal(sink.packs.flatMap(({ blobs }) => blobs).length, 2);
});

test("copy() gives the tree as it is so far, and both go on", () => {
  const { packer } = setting();
  const node = (name: string): ByteString => `{"name":"${name}","x":"${"y".repeat(500)}"}` as ByteString;
  const names = Array.from({ length: 300 }, (_, at) => String(at).padStart(3, "0") as ByteString);
  const tree = new TreeBlob(packer);
  assert.equal(tree.copy()?.isEmpty, true);
  for (const name of names.slice(0, 200)) tree.add(name, node(name));
  const copy = tree.copy() ?? assert.fail();
  assert.ok(!copy.isEmpty);
  copy.add("999" as ByteString, node("999"));
  for (const name of names.slice(200)) tree.add(name, node(name));
  const ids = [copy.store(), tree.store()];
  const texts = [[...names.slice(0, 200), "999"], names].map((all) => `{"nodes":[${all.map(node).join(",")}]}\n`);
  assert.deepEqual(
    ids,
    texts.map((text) => createHash("sha256").update(text).digest("hex")),
  );
});
