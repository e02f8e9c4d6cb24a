import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type ByteString, byteStringOf, bytesOf } from "../../../base/byte-string.ts";
import type { HexId } from "../../../base/ids.ts";
import { encodeNode, encodeTree, TreeEncoder } from "./encode.ts";
import type { Node } from "./node.ts";

const ID = "0123456789abcdef".repeat(4) as HexId;
const FILE: Node = {
  name: byteStringOf("a"),
  type: "file",
  mode: 0,
  mtimeNs: 0n,
  atimeNs: 0n,
  ctimeNs: 0n,
  uid: 0,
  gid: 0,
  user: "",
  group: "",
  inode: 0n,
  deviceId: 0n,
  size: 0,
  links: 0,
  xattrs: [],
  device: 0n,
  content: [],
};
const EPOCH = "1970-01-01T00:00:00Z";
const TIMES = `"mtime":"${EPOCH}","atime":"${EPOCH}","ctime":"${EPOCH}"`;

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

function named(name: string): Node {
  return { ...FILE, name: byteStringOf(name) };
}

test("encodeTree() leaves out what is empty, but for names, types, times, owners and content", () => {
  assert.equal(text(encodeTree([])), '{"nodes":[]}\n');
  assert.equal(text(encodeTree([FILE])), `{"nodes":[{"name":"a","type":"file",${TIMES},"uid":0,"gid":0,"content":[]}]}\n`);
  const { content: _, ...folder } = FILE;
  assert.equal(encodeNode({ ...folder, type: "dir" }), `{"name":"a","type":"dir",${TIMES},"uid":0,"gid":0,"content":null}`);
});

test("encodeTree() writes every field in restic's order", () => {
  const node: Node = {
    name: byteStringOf("a<\n"),
    type: "symlink",
    mode: 2_147_484_141,
    mtimeNs: 1_500_000_000n,
    atimeNs: 0n,
    ctimeNs: -1n,
    uid: 4_294_967_295,
    gid: 1,
    user: "ü<",
    group: "\0",
    inode: 18_446_744_073_709_551_615n,
    deviceId: 9_007_199_254_740_993n,
    size: Number.MAX_SAFE_INTEGER,
    links: 2,
    linkTarget: "x\xff" as ByteString,
    xattrs: [
      { name: byteStringOf("user.a&"), value: Uint8Array.of(0, 255) },
      { name: "user.\xff" as ByteString, value: new Uint8Array() },
    ],
    genericAttributes: byteStringOf('{"windows.x":"ü"}'),
    device: 1n,
    content: [ID, ID],
    subtree: ID,
    error: 'no "way"',
  };
  assert.equal(
    bytesOf(encodeNode(node)).toString(),
    String.raw`{"name":"a\u003c\\n","type":"symlink","mode":2147484141,"mtime":"1970-01-01T00:00:01.5Z","atime":"1970-01-01T00:00:00Z",` +
      String.raw`"ctime":"1969-12-31T23:59:59.999999999Z","uid":4294967295,"gid":1,"user":"ü\u003c","group":"\u0000",` +
      String.raw`"inode":18446744073709551615,"device_id":9007199254740993,"size":9007199254740991,"links":2,` +
      String.raw`"linktarget":"x\ufffd","linktarget_raw":"eP8=","extended_attributes":[{"name":"user.a\u0026","value":"AP8="},` +
      String.raw`{"name":"user.\ufffd","value":""}],"generic_attributes":{"windows.x":"ü"},"device":1,` +
      String.raw`"content":["${ID}","${ID}"],"subtree":"${ID}","error":"no \"way\""}`,
  );
});

test("add() takes names in the order of their bytes, each once", () => {
  assert.doesNotThrow(() =>
    encodeTree([named("B"), named("a"), named("a-"), named("a."), named("é"), named("\uffff"), named("\u{10000}")]),
  );
  for (const [first, second] of [
    ["a", "a"],
    ["b", "a"],
    ["\u{10000}", "\uffff"],
  ] as const) {
    assert.throws(() => encodeTree([named(first), named(second)]), { kind: "internal", code: "tree_order" });
  }
  const encoder = new TreeEncoder(() => {});
  encoder.addJson(byteStringOf("b"), encodeNode(named("b")));
  assert.throws(() => encoder.addJson(byteStringOf("a"), encodeNode(named("a"))), { code: "tree_order" });
});

test("add() refuses names that are no entry of a folder", () => {
  for (const name of ["", ".", "..", "a/b", "a\0"]) assert.throws(() => encodeTree([named(name)]), { kind: "internal", code: "tree_name" });
});

test("addJson() and add() give the same tree, in pieces, however long a node is", () => {
  const content = Array.from({ length: 20_001 }, (_, i) => createHash("sha256").update(String(i)).digest("hex") as HexId);
  const long = { ...named("b"), content };
  const nodes = [
    named("a"),
    long,
    ...Array.from({ length: 10_000 }, (_, i) => named(`c${1_000_000 + i}`)),
    { ...long, name: byteStringOf("d") },
  ];
  const encode = (add: (encoder: TreeEncoder, node: Node) => void): Uint8Array => {
    const pieces: Uint8Array[] = [];
    const encoder = new TreeEncoder((piece) => {
      pieces.push(piece);
    });
    for (const node of nodes) add(encoder, node);
    encoder.finish();
    assert.ok(pieces.length > 4);
    return Buffer.concat(pieces);
  };
  const whole = encode((encoder, node) => encoder.add(node));
  assert.ok(Buffer.from(whole).equals(encode((encoder, node) => encoder.addJson(node.name, encodeNode(node)))));
  const expected = `{"nodes":[${nodes.map((node) => encodeNode(node)).join(",")}]}\n`;
  assert.ok(Buffer.from(whole).equals(Buffer.from(expected)));
  assert.deepEqual((JSON.parse(expected) as { nodes: { content: unknown }[] }).nodes.at(1)?.content, content);
});
