import assert from "node:assert/strict";
import { test } from "node:test";
import { byteString, byteStringOf, bytesOf } from "../../../base/byte-string.ts";
import type { HexId } from "../../../base/ids.ts";
import { fc } from "../../../base/testing/property.ts";
import { decodeNode, decodeTree, TreeScanner } from "./decode.ts";
import { encodeNode, encodeTree } from "./encode.ts";
import { isNodeName } from "./name.ts";
import { REPOSITORY_LIMITS } from "../limits.ts";
import { type Node, NODE_TYPES } from "./node.ts";

const ID = "0123456789abcdef".repeat(4);
const CORRUPT = { kind: "corrupt", code: "tree" };

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex() as HexId);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const uint32 = fc.nat({ max: 2 ** 32 - 1 });
const safe = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const timeNs = fc.bigInt({ min: -62_167_219_200_000_000_000n, max: 253_402_300_799_999_999_999n });
const text = fc.string({ unit: "grapheme" });
const bytes = fc
  .oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ unit: "binary" }).map((string) => Buffer.from(string)),
  )
  .map(byteString);
const node: fc.Arbitrary<Node> = fc.record(
  {
    name: bytes.filter(isNodeName),
    type: fc.constantFrom(...NODE_TYPES),
    mode: uint32,
    mtimeNs: timeNs,
    atimeNs: timeNs,
    ctimeNs: timeNs,
    uid: uint32,
    gid: uint32,
    user: text,
    group: text,
    inode: uint64,
    deviceId: uint64,
    size: safe,
    links: safe,
    linkTarget: bytes.filter((target) => target !== ""),
    xattrs: fc.array(fc.record({ name: text.map(byteStringOf), value: fc.uint8Array() }, { noNullPrototype: true }), { maxLength: 3 }),
    genericAttributes: text.map((value) => byteStringOf(JSON.stringify({ "windows.attribute": value, other: [1, null, { a: "]" }] }))),
    device: uint64,
    content: fc.array(id, { maxLength: 5 }),
    subtree: id,
    error: text.filter((message) => message !== ""),
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      ...(["name", "type", "mode", "mtimeNs", "atimeNs", "ctimeNs", "uid", "gid", "user", "group"] as const),
      ...(["inode", "deviceId", "size", "links", "xattrs", "device"] as const),
    ],
  },
) as fc.Arbitrary<Node>;
const nodes = fc
  .uniqueArray(node, { selector: ({ name }) => name, maxLength: 5 })
  .map((unordered) => unordered.toSorted((a, b) => (a.name < b.name ? -1 : 1)));

function tree(...members: readonly string[]): Buffer {
  return Buffer.from(`{"nodes":[${members.join(",")}]}`);
}

function file(fields: string): string {
  return `{"name":"a","type":"file"${fields}}`;
}

function only(json: string): Node {
  const [first, ...more] = decodeTree(tree(json));
  assert.ok(first !== undefined && more.length === 0);
  return first;
}

/** What a scanner gives that gets pieces of these lengths, over and over. */
function scanInPieces(whole: Uint8Array, lengths: readonly number[]): Node[] {
  const scanner = new TreeScanner();
  const found: Node[] = [];
  for (let from = 0, i = 0; from < whole.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    const piece = Uint8Array.from(whole.subarray(from, from + length));
    scanner.push(piece);
    for (let next = scanner.next(); next !== undefined; next = scanner.next()) found.push(next.decode());
    piece.fill(0);
    from += length;
  }
  scanner.end();
  return found;
}

test("decodeTree() reads back every tree of encodeTree(), and it is JSON", () => {
  fc.assert(
    fc.property(nodes, (expected) => {
      const encoded = encodeTree(expected);
      assert.doesNotThrow(() => JSON.parse(Buffer.from(encoded).toString("utf8")) as unknown);
      assert.deepEqual(decodeTree(encoded), expected);
      for (const one of expected) assert.deepEqual(decodeNode(bytesOf(encodeNode(one))), one);
    }),
    { numRuns: 300 },
  );
});

test("TreeScanner gives the same nodes however the bytes are cut into pieces", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(nodes, lengths, (expected, cuts) => assert.deepEqual(scanInPieces(encodeTree(expected), cuts), expected)));
  const other = Buffer.from(`  { "x" : [1.5e+3,"]}"] , "nodes" : [ ${file(`,"x":"\\"}"`)} , ${file("")} ] ,"y":-1\n,"z":null } \n`);
  assert.deepEqual(scanInPieces(other, [1]), decodeTree(other));
  assert.equal(decodeTree(other).length, 2);
});

test("TreeScanner looks at the bytes of a long node once, however many pieces they come in", () => {
  const content = Array.from({ length: 50_000 }, () => ID as HexId);
  const long = { ...only(file("")), content };
  assert.deepEqual(scanInPieces(encodeTree([long]), [1000]), [long]);
});

test("a scanned node shows its fields, and as raw bytes what the tree has", () => {
  const json = `{ "inode":18446744073709551615,"type":"file","name":"\\\\xff","size":7,"links":2,"device_id":3,"content":["${ID}"],
    "ctime":"1970-01-01T01:00:00.000000002+01:00","mtime":"1970-01-01T00:00:00.000000001Z","future":{"a":[true]} }`;
  const scanner = new TreeScanner();
  scanner.push(tree(json));
  const scanned = scanner.next();
  assert.ok(scanned !== undefined);
  const { name, type, size, links, inode, deviceId, mtimeNs, ctimeNs, content, subtree } = scanned;
  assert.deepEqual(
    { name, type, size, links, inode, deviceId, mtimeNs, ctimeNs, content, subtree },
    {
      name: "\xff",
      type: "file",
      size: 7,
      links: 2,
      inode: 18_446_744_073_709_551_615n,
      deviceId: 3n,
      mtimeNs: 1n,
      ctimeNs: 2n,
      content: [ID],
      subtree: undefined,
    },
  );
  assert.equal(Buffer.from(scanned.raw).toString(), json);
  assert.equal(Buffer.from(scanned.contentBytes()).toString("hex"), ID);
  assert.equal(scanner.next(), undefined);
  scanner.end();
});

test("contentBytes() is the content, and refuses the same", () => {
  const bytesIn = (json: string): string => {
    const scanner = new TreeScanner();
    scanner.push(tree(json));
    return (scanner.next()?.contentBytes() ?? assert.fail()).toHex();
  };
  fc.assert(fc.property(fc.array(id), (ids) => assert.equal(bytesIn(file(`,"content": ${JSON.stringify(ids, null, 1)}`)), ids.join(""))));
  for (const none of ["", ',"content":null', ',"content":[ ]']) assert.equal(bytesIn(file(none)), "");
  for (const odd of [ID.toUpperCase(), `${ID}0`, ID.slice(1), `${ID.slice(1)}g`, `g${ID.slice(1)}`]) {
    assert.throws(() => bytesIn(file(`,"content":["${ID}","${odd}"]`)), CORRUPT, odd);
  }
  for (const odd of ["{}", "1", '"x"', `[${"1".repeat(66)}]`, `"${ID}"`])
    assert.throws(() => bytesIn(file(`,"content":${odd}`)), CORRUPT, odd);
});

test("decodeTree() takes absent and null for empty", () => {
  const bare = only(file(""));
  const fields =
    "mode mtime uid user inode size links linktarget linktarget_raw extended_attributes generic_attributes content subtree error";
  assert.deepEqual(
    only(
      file(
        fields
          .split(" ")
          .map((field) => `,"${field}":null`)
          .join(""),
      ),
    ),
    bare,
  );
  assert.deepEqual(only(file(',"linktarget":"","extended_attributes":[],"generic_attributes":{},"error":""')), bare);
  assert.deepEqual(bare, {
    name: "a",
    type: "file",
    mode: 0,
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
    mtimeNs: -62_135_596_800_000_000_000n,
    atimeNs: -62_135_596_800_000_000_000n,
    ctimeNs: -62_135_596_800_000_000_000n,
  });
  for (const empty of ["{}", '{"nodes":null}', '{"nodes":[]}', ' { "nodes" : [ ] } ']) assert.deepEqual(decodeTree(Buffer.from(empty)), []);
});

test("decodeTree() reads what other writers may write", () => {
  assert.equal(only('{"\\u006eame":"\\u0061","type":"fi\\u006ce"}').type, "file");
  assert.equal(only(file(',"linktarget":"x\\ufffd","linktarget_raw":"eP8="')).linkTarget, "x\xff");
  assert.deepEqual(only(file(',"extended_attributes":[{"value":"AP8=","x":1,"name":"user.a"},{"name":"user.b","value":null}]')).xattrs, [
    { name: "user.a", value: Uint8Array.of(0, 255) },
    { name: "user.b", value: new Uint8Array() },
  ]);
  assert.equal(only('{"name":"a","type":"door"}').type, "irregular");
  assert.equal(only('{"name":"a","type":""}').type, "irregular");
  assert.equal(only(file(',"Size":3,"siz":4,"sizes":5')).size, 0);
  assert.equal(only(file(',"size":3,"size":4')).size, 4);
});

test("ordered tells of names that do not rise, or come twice", () => {
  const ordered = (...names: readonly string[]): boolean => {
    const scanner = new TreeScanner();
    scanner.push(tree(...names.map((name) => `{"name":"${name}","type":"file"}`)));
    while (scanner.next() !== undefined);
    return scanner.ordered;
  };
  assert.equal(ordered("a", "b", "\uffff", "\u{10000}"), true);
  assert.equal(ordered("a", "a"), false);
  assert.equal(ordered("b", "a", "c"), false);
  assert.equal(ordered("\u{10000}", "\uffff"), false);
});

test("decodeTree() refuses names that are no entry of a folder", () => {
  for (const name of [
    "",
    ".",
    "..",
    "a/b",
    "a\\/b",
    "\\u002e.",
    "\\\\x2e",
    "\\\\x00",
    "\\u0000",
    "\\\\057",
    "\\\\q",
    '\\"',
    "\\\\",
    "\\n",
    "n".repeat(REPOSITORY_LIMITS.nameBytes + 1),
  ]) {
    assert.throws(() => decodeTree(tree(`{"name":"${name}","type":"file"}`)), CORRUPT, name);
  }
  for (const json of ["{}", '{"name":"a"}', '{"type":"file"}', '{"name":1,"type":"file"}', '{"name":null,"type":"file"}']) {
    assert.throws(() => decodeTree(tree(json)), CORRUPT, json);
  }
});

test("decodeTree() refuses values out of range or of another kind", () => {
  const refused = [
    '"mode":4294967296',
    '"uid":-1',
    '"gid":1.0',
    '"uid":1e3',
    '"uid":"1"',
    '"size":9007199254740992',
    '"inode":18446744073709551616',
    '"inode":1000000000000000000000000000000',
    '"device":-1',
    '"links":true',
    '"inode":"11111111111111111"',
    '"mtime":0',
    '"atime":"1970-01-01"',
    '"user":1',
    '"linktarget":[]',
    '"linktarget_raw":"*"',
    '"type":1',
    '"content":{}',
    '"content":[1]',
    '"content":[null]',
    `"content":["${ID}0"]`,
    `"content":["${ID.slice(1)}"]`,
    `"content":["${ID.toUpperCase()}"]`,
    `"content":["${ID.slice(1)}g"]`,
    '"subtree":""',
    '"subtree":[]',
    '"extended_attributes":{}',
    '"extended_attributes":[null]',
    '"extended_attributes":[{"value":""}]',
    '"extended_attributes":[{"name":"a","value":"*"}]',
    '"generic_attributes":[]',
    '"error":{}',
  ];
  for (const field of refused) assert.throws(() => decodeTree(tree(file(`,${field}`))), CORRUPT, field);
});

test("decodeTree() refuses what is no JSON, cut off, or goes on", () => {
  const whole = encodeTree([{ ...only(file("")), content: [ID as HexId] }]).subarray(0, -1);
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decodeTree(whole.subarray(0, length)), CORRUPT, String(length));
    assert.throws(() => scanInPieces(whole.subarray(0, length), [7]), CORRUPT, String(length));
  }
  const refused = [
    "[]",
    "null",
    "{}{}",
    "{} x",
    '{"nodes":{}',
    '{"nodes":{}}',
    '{"nodes":1}',
    '{"nodes":[],}',
    '{"nodes":[],"nodes":[]}',
    '{"nodes":[null]}',
    '{"nodes":[1]}',
    `{"nodes":[${file("")},]}`,
    `{"nodes":[${file("")}${file("")}]}`,
    `{"nodes":[${file(",")}]}`,
    "{'nodes':[]}",
    '{"a" 1}',
    '{"a":01}',
    '{"a":+1}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":1e}',
    '{"a":nul}',
    '{"a":[1 2]}',
    '{"a":[1}}',
    '{"a":"\t"}',
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '\u0001{"nodes":[]}',
    `{"a":${"[".repeat(100)}${"]".repeat(100)}}`,
    `{"nodes":[${file(`,"x":${'{"a":'.repeat(100)}1${"}".repeat(100)}`)}]}`,
  ];
  for (const json of refused) {
    assert.throws(() => decodeTree(Buffer.from(json)), CORRUPT, json);
    assert.throws(() => scanInPieces(Buffer.from(json), [3]), CORRUPT, json);
  }
});

test("errors name the place in the tree, in whatever pieces it came", () => {
  const json = tree(`{"name":"a","type":"file"}`, `{"name":"..","type":"file"}`);
  const byte = json.indexOf('{"name":".."');
  const expected = { message: `Cannot read tree: node whose name is no name of an entry at byte ${byte}`, details: { byte } };
  assert.throws(() => decodeTree(json), expected);
  assert.throws(() => scanInPieces(json, [5]), expected);
});

test("decodeTree() accepts no bytes that JSON.parse() refuses", () => {
  const sample = Buffer.from(encodeTree([only(file(`,"size":12,"content":["${ID}"],"linktarget":"\\u003c\\"","x":[1.5e3,{"y":false}]`))]));
  const change = fc.record({ at: fc.nat({ max: sample.length - 1 }), byte: fc.constantFrom(...Buffer.from('"\\{}[],: 0-.eux\t')) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const changed = Buffer.from(sample);
      for (const { at, byte } of changes) changed[at] = byte;
      try {
        decodeTree(changed);
      } catch (error) {
        assert.ok(error instanceof Error && error.name === "DomainError", String(error));
        return;
      }
      assert.doesNotThrow(() => JSON.parse(changed.toString()) as unknown, changed.toString());
    }),
    { numRuns: 3000 },
  );
});
