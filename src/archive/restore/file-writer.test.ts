import assert from "node:assert/strict";
import { mkdtempDisposableSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type ByteString } from "../../base/byte-string.ts";
import { TreeScanner } from "../../repository/format/tree/decode.ts";
import { closeHandle, openFolderAt } from "../folder-handle.ts";
import { AttributeWriter } from "./attributes.ts";
import { DIRECT_MIN_BYTES } from "./content-write.ts";
import { closeFile, FileWriter, makeFile } from "./file-writer.ts";
import { FILE_IS_LINKED } from "./messages.ts";

const UMASK = 0o027;
process.umask(UMASK);
const SELF = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, umask: UMASK };
const NAME = "file" as ByteString;
const MTIME = "2024-05-06T07:08:09.123456789Z";

/** A tree with one file, as it lies in a repository. */
function treeWith(fields: object): Uint8Array {
  const node = { name: NAME, type: "file", mode: 0o640, mtime: MTIME, atime: MTIME, uid: SELF.uid, gid: SELF.gid, links: 1, ...fields };
  return Buffer.from(JSON.stringify({ nodes: [node] }));
}

function write(folder: number, content: Uint8Array, fields: object = {}, flags = 0): bigint {
  const scanner = new TreeScanner();
  scanner.push(treeWith(fields));
  const node = scanner.next();
  assert.ok(node);
  return new FileWriter(new AttributeWriter(SELF), true).write(folder, node, flags, content);
}

function inFolder(use: (path: string, folder: number) => void): void {
  using made = mkdtempDisposableSync(join(tmpdir(), "holdfast-file-"));
  const folder = openFolderAt(made.path);
  try {
    use(made.path, folder);
  } finally {
    closeHandle(folder);
  }
}

for (const [what, content] of [
  ["nothing", new Uint8Array()],
  ["little", Buffer.from("little")],
  ["zeros at the end", Buffer.concat([Buffer.from("text"), Buffer.alloc(20_000)])],
  ["much", Buffer.alloc(DIRECT_MIN_BYTES + 5000, 7)],
  ["much, with zeros at the end", Buffer.concat([Buffer.alloc(DIRECT_MIN_BYTES, 7), Buffer.alloc(20_000)])],
] as const) {
  test(`FileWriter writes a file of ${what} with its attributes`, () => {
    inFolder((path, folder) => {
      const inode = write(folder, content, { mode: 0o440 }, FILE_IS_LINKED);
      assert.ok(readFileSync(join(path, NAME)).equals(content));
      const { mode, mtimeNs, ino } = statSync(join(path, NAME), { bigint: true });
      assert.deepEqual([Number(mode) & 0o7777, mtimeNs, ino], [0o440, 1_714_979_289_123_456_789n, inode]);
    });
  });
}

test("FileWriter replaces what took the name meanwhile, and not what that leads to", () => {
  inFolder((path, folder) => {
    writeFileSync(join(path, "other"), "other");
    symlinkSync("other", join(path, NAME));
    write(folder, Buffer.from("mine"));
    assert.equal(readFileSync(join(path, NAME), "utf8"), "mine");
    assert.equal(readFileSync(join(path, "other"), "utf8"), "other");
    assert.deepEqual(readdirSync(path).toSorted(), [NAME, "other"]);
  });
});

test("FileWriter leaves nothing of a file whose entry is damaged", () => {
  for (const length of [5, DIRECT_MIN_BYTES]) {
    inFolder((path, folder) => {
      assert.throws(() => write(folder, Buffer.alloc(length, 1), { atime: "yesterday" }), { code: "tree" });
      assert.deepEqual(readdirSync(path), []);
    });
  }
});

test("makeFile() makes a file that is as long as it will be, and zeros", () => {
  for (const length of [0, 1000, DIRECT_MIN_BYTES, 1 << 30]) {
    inFolder((path, folder) => {
      closeFile(makeFile(folder, NAME, 0o600, length));
      assert.equal(statSync(join(path, NAME)).size, length);
    });
  }
});
