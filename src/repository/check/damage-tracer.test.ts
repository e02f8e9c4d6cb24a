import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { byteStringOf } from "../../base/byte-string.ts";
import { type HexId, randomHexId } from "../../base/ids.ts";
import { encodeTree } from "../format/tree/encode.ts";
import type { Node } from "../format/tree/node.ts";
import { BlobIndex } from "../index/blob-index.ts";
import { DamageTracer } from "./damage-tracer.ts";

const LOST = randomHexId();
const OTHER_LOST = randomHexId();
const KEPT = randomHexId();

class Trees {
  readonly index = BlobIndex.create({ expectedBlobs: 1 });
  readonly reads: HexId[] = [];
  readonly #trees = new Map<HexId, Uint8Array>();

  add(nodes: readonly Node[]): HexId {
    const bytes = encodeTree(nodes);
    const id = createHash("sha256").update(bytes).digest("hex") as HexId;
    this.#trees.set(id, bytes);
    const pack = this.index.addPack(new Uint8Array(32), 0);
    this.index.insert("tree", Uint8Array.fromHex(id), 0, pack, this.#trees.size, 100, 0);
    return id;
  }

  async read(id: HexId): Promise<Uint8Array | undefined> {
    this.reads.push(id);
    return this.#trees.get(id);
  }
}

function node(name: string, rest: Partial<Node>): Node {
  const times = { mtimeNs: 0n, atimeNs: 0n, ctimeNs: 0n };
  const none = { uid: 0, gid: 0, user: "", group: "", inode: 0n, deviceId: 0n, size: 0, links: 1, xattrs: [], device: 0n };
  return { name: byteStringOf(name), type: "file", mode: 0, ...times, ...none, ...rest };
}

function file(name: string, ...content: readonly HexId[]): Node {
  return node(name, { content });
}

function folder(name: string, subtree: HexId): Node {
  return node(name, { type: "dir", subtree });
}

test("DamageTracer.trace() names the files of each snapshot that a damage touches, and folders that are lost themselves", async () => {
  const trees = new Trees();
  const lostTree = randomHexId();
  const shared = trees.add([file("a", KEPT, LOST, LOST), file("b", KEPT), file("c\n", LOST, OTHER_LOST)]);
  const whole = trees.add([file("d", KEPT)]);
  const first = trees.add([folder("gone", lostTree), folder("shared", shared), folder("whole", whole)]);
  const second = trees.add([folder("as before", shared), folder("whole", whole)]);
  const lost = [
    { type: "data", id: LOST, damage: 0 },
    { type: "data", id: OTHER_LOST, damage: 1 },
    { type: "tree", id: lostTree, damage: 1 },
  ] as const;
  const [one, two, three] = [randomHexId(), randomHexId(), randomHexId()];
  const touched = await new DamageTracer(trees.index, trees, { lost, lastEntry: 10 }).trace([
    { id: one, tree: first },
    { id: two, tree: second },
    { id: three, tree: whole },
  ]);
  assert.deepEqual(
    touched.toSorted((a, b) => a.damage - b.damage),
    [
      { damage: 0, snapshot: one, count: 2, paths: ["/shared/a", String.raw`/shared/c\x0a`] },
      { damage: 0, snapshot: two, count: 2, paths: ["/as before/a", String.raw`/as before/c\x0a`] },
      { damage: 1, snapshot: one, count: 2, paths: ["/gone/", String.raw`/shared/c\x0a`] },
      { damage: 1, snapshot: two, count: 1, paths: [String.raw`/as before/c\x0a`] },
    ],
  );
  assert.equal(new Set(trees.reads).size, trees.reads.length, "a tree was read twice");
});

test("DamageTracer.trace() counts all paths and names twenty, also where folders nest so that there are too many to visit", async () => {
  const trees = new Trees();
  let tree = trees.add([file("file", LOST)]);
  for (let depth = 0; depth < 40; depth++) tree = trees.add([folder("a", tree), folder("b", tree)]);
  const lost = [{ type: "data", id: LOST, damage: 0 }] as const;
  const [touched] = await new DamageTracer(trees.index, trees, { lost, lastEntry: 100 }).trace([{ id: randomHexId(), tree }]);
  assert.equal(touched?.count, 2 ** 40);
  assert.equal(touched.paths.length, 20);
});
