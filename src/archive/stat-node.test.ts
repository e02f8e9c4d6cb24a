import assert from "node:assert/strict";
import { linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { byteStringOf } from "../base/byte-string.ts";
import { fileCalls, type FileStat } from "../native/files.ts";
import { NO_NAMES } from "./owner-names.ts";
import { openFolderAt } from "./folder-handle.ts";
import { nodeOf } from "./stat-node.ts";
import { readXattrs } from "./xattrs.ts";

const root = mkdtempSync(join(tmpdir(), "holdfast-test-"));
after(() => rmSync(root, { recursive: true }));
writeFileSync(join(root, "file"), "content", { mode: 0o640 });
writeFileSync(join(root, "linked"), "content");
linkSync(join(root, "linked"), join(root, "linked too"));
symlinkSync("file", join(root, "link"));
const folder = openFolderAt(root);

function statOf(name: string): FileStat {
  return fileCalls().statIn(folder, byteStringOf(name));
}

test("nodeOf() has what restic keeps: the time of access is that of the content, and folders have no count of links", () => {
  const stat = statOf("file");
  const names = { users: new Map([[stat.uid, "ann"]]), groups: new Map([[stat.gid, "staff"]]) };
  const node = nodeOf(byteStringOf("file"), stat, { names }, { xattrs: [], content: [], size: 7 });
  assert.partialDeepStrictEqual(node, {
    type: "file",
    mode: 0o640,
    user: "ann",
    group: "staff",
    links: 1,
    size: 7,
    device: 0n,
    content: [],
  });
  assert.deepEqual([node.atimeNs, node.inode, node.deviceId], [stat.mtimeNs, stat.ino, stat.dev]);
  assert.equal("subtree" in node || "linkTarget" in node, false);
  assert.equal(nodeOf(byteStringOf("x"), statOf(""), { names: NO_NAMES }, { xattrs: [] }).links, 0);
  assert.equal(nodeOf(byteStringOf("link"), statOf("link"), { names: NO_NAMES }, { xattrs: [] }).user, "");
});

test("nodeOf() in a volume names numbers only where they join several names, so that copies have the same nodes", () => {
  const style = { names: NO_NAMES, volumeId: 77n };
  const single = nodeOf(byteStringOf("file"), statOf("file"), style, { xattrs: [] });
  assert.deepEqual([single.inode, single.deviceId], [0n, 0n]);
  const joined = ["linked", "linked too"].map((name) => nodeOf(byteStringOf(name), statOf(name), style, { xattrs: [] }));
  for (const { inode, deviceId, links } of joined) assert.deepEqual([inode, deviceId, links], [statOf("linked").ino, 77n, 2]);
});

test("readXattrs() gives names and values, of a link its own", () => {
  const path = byteStringOf(join(root, "file"));
  fileCalls().setXattr(path, byteStringOf("user.a"), Buffer.from([0, 255]));
  fileCalls().setXattr(path, byteStringOf("user.b"), new Uint8Array());
  const found = readXattrs(path).map(({ name, value }) => [name, Array.from(value)]);
  assert.deepEqual(
    new Map(found as [string, number[]][]),
    new Map([
      ["user.a", [0, 255]],
      ["user.b", []],
    ]),
  );
  assert.deepEqual(readXattrs(byteStringOf(join(root, "link"))), []);
});
