import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { byteStringOf } from "../../base/byte-string.ts";
import type { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { primitives } from "../../native/primitives.ts";
import { encodeTree } from "../../repository/format/tree/encode.ts";
import type { Node } from "../../repository/format/tree/node.ts";
import { ParentFolder } from "./parent-folder.ts";

const ENTRIES = 5_000;

function nodeOf(number: number): Node {
  const id = createHash("sha256").update(`${number}`).digest("hex") as HexId;
  const times = { mtimeNs: BigInt(number), atimeNs: 0n, ctimeNs: 0n };
  const rest = { uid: 0, gid: 0, user: "", group: "", inode: BigInt(number), deviceId: 0n, links: 1, device: 0n, xattrs: [] };
  return { name: byteStringOf(nameOf(number)), type: "file", mode: 0o644, ...times, ...rest, size: number, content: [id] };
}

function nameOf(number: number): string {
  return `file${String(number).padStart(6, "0")}`;
}

/** Several slices of compressed bytes, each of several pieces. */
const TREE = encodeTree(Array.from({ length: ENTRIES }, (_, number) => nodeOf(number)));

function compressed(bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(bytes.length + 1_000);
  return frame.subarray(0, primitives().zstdCompressInto(bytes, frame, 1));
}

function open(body: Uint8Array, plainBytes: number) {
  const errors: DomainError[] = [];
  return { folder: new ParentFolder(body, plainBytes, (error) => errors.push(error)), errors };
}

for (const [kind, entries, isCompressed] of [
  ["plain", ENTRIES, false],
  ["compressed", ENTRIES, true],
  ["short compressed", 300, true],
] as const) {
  test(`find() gives each node of a ${kind} tree that is asked for in order, and only those`, () => {
    const tree = encodeTree(Array.from({ length: entries }, (_, number) => nodeOf(number)));
    const { folder, errors } = open(isCompressed ? compressed(tree) : tree, isCompressed ? tree.length : 0);
    for (let number = 0; number < entries; number += 3) {
      const found = folder.find(byteStringOf(nameOf(number)));
      assert.deepEqual([found?.size, found?.inode], [number, BigInt(number)]);
      assert.equal(folder.find(byteStringOf(`${nameOf(number)} more`)), undefined);
    }
    assert.equal(folder.find(byteStringOf("zzz")), undefined);
    assert.deepEqual(errors, []);
  });
}

test("find() knows nothing of what follows a damage, and tells of it once", () => {
  const broken = Uint8Array.from(TREE);
  broken.fill(0x22, 500_000, 500_500);
  for (const isCompressed of [false, true]) {
    const { folder, errors } = open(isCompressed ? compressed(broken) : broken, isCompressed ? broken.length : 0);
    assert.equal(folder.find(byteStringOf(nameOf(0)))?.size, 0);
    for (let number = ENTRIES - 10; number < ENTRIES; number++) assert.equal(folder.find(byteStringOf(nameOf(number))), undefined);
    assert.deepEqual(
      errors.map(({ kind, code }) => [kind, code]),
      [["corrupt", "tree"]],
    );
  }
  for (const plainBytes of [TREE.length, 100_000]) {
    const cut = open(compressed(TREE).subarray(0, 1_000), plainBytes);
    assert.equal(cut.folder.find(byteStringOf("zzz")), undefined);
    assert.equal(cut.errors.length, 1);
  }
});
