import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteString, byteStringOf } from "../../base/byte-string.ts";
import type { Node } from "../../repository/format/tree/node.ts";
import { padding, tarHeader } from "./tar.ts";

const NODE: Node = {
  name: byteStringOf("a"),
  type: "file",
  mode: 0o644,
  mtimeNs: 1_700_000_000_000_000_000n,
  atimeNs: 0n,
  ctimeNs: 0n,
  uid: 1000,
  gid: 1000,
  user: "anna",
  group: "anna",
  inode: 1n,
  deviceId: 1n,
  size: 5,
  links: 1,
  xattrs: [],
  device: 0n,
};

function text(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes).toString("latin1", from, to).replace(/\0+$/, "");
}

function hasRightSum(block: Uint8Array): boolean {
  const sum = Uint8Array.from(block)
    .fill(0x20, 148, 156)
    .reduce((total, byte) => total + byte, 0);
  return Number.parseInt(text(block, 148, 155), 8) === sum;
}

test("tarHeader() of what fits is one block of the old form", () => {
  const header = tarHeader(byteStringOf("folder/a"), NODE, 5);
  assert.equal(header.length, 512);
  assert.deepEqual(
    [text(header, 0, 100), text(header, 100, 107), text(header, 124, 135), text(header, 156, 157), text(header, 265, 297)],
    ["folder/a", "0000644", "00000000005", "0", "anna"],
  );
  assert.ok(hasRightSum(header));
});

test("tarHeader() puts what does not fit into records before it", () => {
  const path = byteStringOf(`${"ä".repeat(60)}/a`);
  const node = { ...NODE, mtimeNs: 1_700_000_000_000_000_001n, xattrs: [{ name: byteStringOf("user.x"), value: Buffer.from("1\n2") }] };
  const header = tarHeader(path, node, 5);
  assert.equal(text(header, 156, 157), "x");
  const length = Number.parseInt(text(header, 124, 135), 8);
  assert.equal(text(header, 512, 512 + length), `132 path=${path}\n30 mtime=1700000000.000000001\n27 SCHILY.xattr.user.x=1\n2\n`);
  assert.equal(header.length % 512, 0);
  assert.ok(hasRightSum(header.subarray(0, 512)) && hasRightSum(header.subarray(-512)));
});

test("tarHeader() of a further name of a file has no content", () => {
  const header = tarHeader(byteStringOf("b"), NODE, 0, "a" as ByteString);
  assert.deepEqual([text(header, 156, 157), text(header, 157, 257)], ["1", "a"]);
});

test("padding() fills the last block", () => {
  assert.deepEqual(
    [0, 1, 511, 512, 513].map((length) => padding(length).length),
    [0, 511, 1, 0, 511],
  );
});
