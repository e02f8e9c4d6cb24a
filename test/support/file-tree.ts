/** Folders with all that files can have, and what tells two of them apart. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { type ByteString, byteStringOf, bytesOf, displayText } from "../../src/base/byte-string.ts";
import { fileCalls } from "../../src/native/files.ts";

const IS_ROOT = process.getuid?.() === 0;
const FIFO_MODE = 0o010600;
const CHARACTER_DEVICE_MODE = 0o020640;
const BLOCK_DEVICE_MODE = 0o060600;
/** Version 2 of acl(5) as an attribute: tag, permissions and id of each entry; the user 1234 may read. */
const ACL = Uint8Array.fromHex(
  ["02000000", "01000600ffffffff", "02000400d2040000", "04000400ffffffff", "10000400ffffffff", "20000000ffffffff"].join(""),
);

/** Bytes that look random, the same for the same seed. */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = (seed + 1) * 0x9e37_79b1;
  for (let at = 0; at + 4 <= length; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state | 0, at);
  }
  return bytes;
}

/** Devices, owners and what else needs it are made by root only. */
export function makeEverything(folder: string): void {
  mkdirSync(join(folder, "folder/deeper/empty folder"), { recursive: true });
  const pathOf = (name: string): ByteString => `${byteStringOf(folder)}/${name}` as ByteString;
  const { makeNode, setTimes, setXattr } = fileCalls();
  const write = (name: string, content: string | Uint8Array = name): void => writeFileSync(bytesOf(pathOf(name)), content);
  for (const name of ["caf\xe9", "\xff\x80", String.raw`back\slash`, "new\nline", '"<&>', byteStringOf("ünï 👩‍👩‍👧"), " "]) write(name);
  write("empty", "");
  write("zeros", new Uint8Array(3_000_000));
  write("noise", noise(5_000_000, 1));
  write("folder/same noise", noise(5_000_000, 1));
  write("text", "all work and no play ".repeat(100_000));

  write("sparse", "");
  truncateSync(bytesOf(pathOf("sparse")), 40_000_000);
  const sparse = openSync(join(folder, "sparse"), "r+");
  writeSync(sparse, noise(300_000, 2), 0, 300_000, 20_000_001);
  closeSync(sparse);

  write("hard", "two names");
  linkSync(join(folder, "hard"), join(folder, "folder/deeper/hard"));
  symlinkSync("nowhere", bytesOf(pathOf("link")));
  symlinkSync(bytesOf("\xff/\xc3" as ByteString), bytesOf(pathOf("folder/link")));
  makeNode(pathOf("fifo"), FIFO_MODE, 0n);
  setXattr(pathOf("text"), byteStringOf("user.text"), Buffer.from([0, 255, 1]));
  setXattr(pathOf("folder"), byteStringOf("user.empty"), new Uint8Array());
  setXattr(pathOf("hard"), byteStringOf("system.posix_acl_access"), ACL);
  if (IS_ROOT) {
    makeNode(pathOf("character device"), CHARACTER_DEVICE_MODE, 0x103n);
    makeNode(pathOf("folder/block device"), BLOCK_DEVICE_MODE, 0x701n);
    chownSync(join(folder, "noise"), 12_345, 54_321);
    chownSync(join(folder, "folder/deeper"), 1, 2);
  }
  for (const [i, mode] of [0, 0o4755, 0o2755, 0o1644, 0o7777].entries()) {
    write(`mode${i}`);
    chmodSync(bytesOf(pathOf(`mode${i}`)), mode);
  }
  chmodSync(join(folder, "folder/deeper/empty folder"), 0o3750);
  for (const [name, ns] of [
    ["text", 1_234_567_890_123_456_789n],
    ["empty", -1_500_000_001n],
    ["link", 1_700_000_000_000_000_001n],
    ["folder/deeper", 1_600_000_000_999_999_999n],
    ["folder", 1_500_000_000_000_000_000n],
  ] as const) {
    setTimes(pathOf(name), ns, ns);
  }
}

/** Fails with the first entry that differs: in kind, content, owner, mode, times, attributes or names of the same file. */
export function assertSameTree(actual: string, expected: string): void {
  const [found, wanted] = [describeTree(actual), describeTree(expected)];
  assert.deepEqual(Object.keys(found), Object.keys(wanted));
  for (const [name, entry] of Object.entries(wanted)) assert.deepEqual(found[name], entry, name);
}

/** By path: what a backup is to keep of all that is in a folder. */
export function describeTree(folder: string): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  const firstNames = new Map<bigint, string>();
  const visitAll = (path: ByteString, name: string): void => {
    const entries = readdirSync(bytesOf(path), { encoding: "latin1" }) as ByteString[];
    for (const entry of entries.toSorted()) visit(`${path}/${entry}` as ByteString, `${name}/${displayText(entry)}`);
  };
  const visit = (path: ByteString, name: string): void => {
    const bytes = bytesOf(path);
    const stat = lstatSync(bytes, { bigint: true });
    const { listXattrs, getXattr } = fileCalls();
    found[name] = {
      mode: stat.mode.toString(8),
      owner: `${stat.uid}:${stat.gid}`,
      mtimeNs: stat.mtimeNs,
      device: stat.isCharacterDevice() || stat.isBlockDevice() ? stat.rdev : undefined,
      target: stat.isSymbolicLink() ? readlinkSync(bytes, { encoding: "latin1" }) : undefined,
      content: stat.isFile() ? createHash("sha256").update(readFileSync(bytes)).digest("hex") : undefined,
      xattrs: listXattrs(path)
        .map((attribute) => `${attribute}=${Buffer.from(getXattr(path, attribute) ?? []).toString("hex")}`)
        .toSorted(),
      sameAs: stat.isDirectory() || stat.nlink === 1n ? undefined : firstNames.getOrInsert(stat.ino, name),
    };
    if (stat.isDirectory()) visitAll(path, name);
  };
  visitAll(byteStringOf(folder), "");
  return found;
}
