/** Trees that restic wrote are read whole, agree with the file system, and are written again byte for byte. */
import assert from "node:assert/strict";
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { type ByteString, byteString, byteStringOf, bytesOf } from "../../src/base/byte-string.ts";
import { fileCalls } from "../../src/native/files.ts";
import { decodeTree, TreeScanner } from "../../src/repository/format/tree/decode.ts";
import { encodeTree, TreeEncoder } from "../../src/repository/format/tree/encode.ts";
import { type Node, nodeTypeOf, statModeOf } from "../../src/repository/format/tree/node.ts";
import { cheapenKeys } from "../support/cheap-keys.ts";
import { environment } from "../support/environment.ts";
import { readRepository, unlock } from "../support/plain-repository.ts";
import { runProgram } from "../support/program.ts";

const PASSWORD = "password";
const NAME_MAX = 255;
/** Planes of Unicode that have characters, private ones aside; and a part of some that have none. */
const PLANES_IN_USE: readonly (readonly [first: number, last: number])[] = [
  [0x1, 0x4_0fff],
  [0xe_0000, 0xe_0fff],
  [0xf_0000, 0xf_0fff],
  [0x10_f000, 0x10_ffff],
];

const SPECIAL_NAMES: readonly ByteString[] = [
  ...['"quoted"', "back\\slash", "<a>&b'c", "new\nline", "tab\t", "\x01\x07\b\f\r\v\x1b\x7f", " ", "-", "...", "\ufffd"].map(byteStringOf),
  ...["é", "e\u0301", "\u0085\u00a0\u00ad", "\u2028\u2029", "\u200b\u202e", "👩‍👩‍👧", "\ue000", "\u{f0000}", "\u{378}"].map(byteStringOf),
  ...["\uffff", "\u{10000}", "\u{10ffff}", "\\x41", "\\u0041"].map(byteStringOf),
  ...["\xff", "\x80a", "a\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3"].map((units) => units as ByteString),
];
const LEAP_DAY_NS = 951_782_400_000_000_000n;
const YEAR_2300_NS = 10_413_792_000_000_000_000n;
const NOW_NS = 1_700_000_000_000_000_000n;
const SPECIAL_TIMES_NS: readonly bigint[] = [
  ...[0n, 1n, -1n].flatMap((ns) => [ns, ns - NOW_NS, ns + NOW_NS, ns + LEAP_DAY_NS, ns + YEAR_2300_NS]),
  ...[100_000_000n, 123_456_789n, 120_000n].flatMap((ns) => [ns, -ns]),
];

test("Trees that restic wrote hold what the file system does, and TreeEncoder writes them byte for byte", async (t) => {
  const root = await environment(t).temporaryFolder();
  const source = join(root, "source");
  makeEverything(source);
  const backup = await resticIn(t, join(root, "repository"));

  const folders = await backup(source, "UTC");
  for (const bytes of folders.values()) assertEncodedAlike(bytes);
  const nodes = decodeTree(folders.get(source) ?? assert.fail("no tree of the folder"));
  assert.deepEqual(
    nodes.map(({ name }) => name),
    readdirSync(source, { encoding: "latin1" }).toSorted(),
  );
  for (const node of nodes) assertLikeFile(source, node);
});

test("Trees that restic wrote in another time zone hold the same nodes", async (t) => {
  const root = await environment(t).temporaryFolder();
  const source = join(root, "source");
  makeEverything(source);
  const backup = await resticIn(t, join(root, "repository"));
  const there = await backup(source, "Asia/Kolkata");
  const here = await backup(source, "UTC");
  assert.match(Buffer.from(there.get(source) ?? []).toString(), /\+05:30"/);
  for (const [path, bytes] of here) {
    if (!path.startsWith(source)) continue; // others may write beside it
    assert.deepEqual(
      decodeTree(there.get(path) ?? assert.fail(`no tree of ${path}`)).map(withoutSubtree),
      decodeTree(bytes).map(withoutSubtree),
    );
  }
});

test("Names of all characters are written as restic writes them", async (t) => {
  const root = await environment(t).temporaryFolder();
  const source = join(root, "source");
  mkdirSync(source);
  for (const name of namesOfAllCharacters()) closeSync(openSync(join(source, name), "w"));
  const folders = await (await resticIn(t, join(root, "repository")))(source, "UTC");
  const bytes = folders.get(source) ?? assert.fail("no tree of the folder");
  assertEncodedAlike(bytes);
  assert.equal(decodeTree(bytes).length, readdirSync(source).length);
});

test("Devices are written as restic writes them", { skip: process.getuid?.() !== 0 && "only root can make devices" }, async (t) => {
  const root = await environment(t).temporaryFolder();
  const source = join(root, "source");
  mkdirSync(source);
  const largestNumbers = 0xffff_ffffn; // 12 bits of major and 20 of minor
  for (const [i, device] of [0x103n, largestNumbers].entries()) {
    fileCalls().makeNode(byteStringOf(join(source, `block${i}`)), 0o060660, device);
    fileCalls().makeNode(byteStringOf(join(source, `char${i}`)), 0o020600, device);
  }
  const folders = await (await resticIn(t, join(root, "repository")))(source, "UTC");
  const bytes = folders.get(source) ?? assert.fail("no tree of the folder");
  assertEncodedAlike(bytes);
  const nodes = decodeTree(bytes);
  assert.deepEqual(
    nodes.map(({ type }) => type),
    ["dev", "dev", "chardev", "chardev"],
  );
  for (const node of nodes) assertLikeFile(source, node);
});

type Backup = (source: string, timeZone: string) => Promise<ReadonlyMap<string, Uint8Array>>;

/** Backs up into a new repository. Gives the tree of every folder from the root on, by path. */
async function resticIn(t: TestContext, repository: string): Promise<Backup> {
  const program = await resticBinary(t.signal);
  const run = async (timeZone: string, ...args: readonly string[]): Promise<string> => {
    const env = {
      RESTIC_REPOSITORY: repository,
      RESTIC_PASSWORD: PASSWORD,
      TZ: timeZone,
      HOME: repository,
      PATH: process.env["PATH"] ?? "",
    };
    const { exitCode, stdout, stderr } = await runProgram(program, ["--no-cache", ...args], { env, signal: t.signal });
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };
  await run("UTC", "init");
  await cheapenKeys(repository, PASSWORD);
  return async (source, timeZone) => {
    const lines = (await run(timeZone, "backup", "--force", "--json", source)).trim().split("\n");
    const { snapshot_id: snapshotId } = JSON.parse(lines.pop() ?? "") as { snapshot_id: string };
    const { key } = await unlock(repository, PASSWORD);
    const { snapshots, blobs } = await readRepository(repository, key ?? assert.fail("no key"));
    const folders = new Map<string, Uint8Array>();
    const collect = (path: string, id: string | undefined): void => {
      const bytes = blobs.get(`tree ${id}`) ?? assert.fail(`no tree ${id}`);
      folders.set(path, bytes);
      for (const { name, subtree } of decodeTree(bytes)) if (subtree !== undefined) collect(join(path, name), subtree);
    };
    collect("/", snapshots.get(snapshotId)?.tree);
    return folders;
  };
}

/** The id of a tree depends on how the times in it are written. */
function withoutSubtree(node: Node): unknown {
  return { ...node, subtree: undefined };
}

function assertEncodedAlike(bytes: Uint8Array): void {
  assert.equal(Buffer.from(encodeTree(decodeTree(bytes))).toString(), Buffer.from(bytes).toString());

  const scanner = new TreeScanner();
  const pieces: Uint8Array[] = [];
  const encoder = new TreeEncoder((piece) => pieces.push(Uint8Array.from(piece)));
  for (let from = 0; from < bytes.length; from += 1000) {
    scanner.push(bytes.subarray(from, from + 1000));
    for (let node = scanner.next(); node !== undefined; node = scanner.next()) encoder.addJson(node.name, byteString(node.raw));
  }
  scanner.end();
  encoder.finish();
  assert.ok(scanner.ordered);
  assert.ok(Buffer.concat(pieces).equals(bytes));
}

/** Whether the node says what the system does: all but owner names and content, which others test. */
function assertLikeFile(folder: string, node: Node): void {
  const path = Buffer.concat([Buffer.from(`${folder}/`), bytesOf(node.name)]);
  const stat = lstatSync(path, { bigint: true });
  const mode = Number(stat.mode);
  const isFile = node.type === "file";
  const isDevice = node.type === "dev" || node.type === "chardev";
  const { type, uid, gid, inode, deviceId, size, mtimeNs, ctimeNs, device, linkTarget, xattrs } = node;
  assert.deepEqual(
    { type, mode: statModeOf(node.mode), uid, gid, inode, deviceId, size, mtimeNs, ctimeNs, device, linkTarget },
    {
      type: nodeTypeOf(mode),
      mode,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      inode: stat.ino,
      deviceId: stat.dev,
      size: isFile ? Number(stat.size) : 0,
      mtimeNs: stat.mtimeNs,
      ctimeNs: stat.ctimeNs,
      device: isDevice ? stat.rdev : 0n,
      linkTarget: stat.isSymbolicLink() ? byteString(readlinkSync(path, { encoding: "buffer" })) : undefined,
    },
  );
  const { listXattrs, getXattr } = fileCalls();
  const expected = listXattrs(byteString(path)).map((name) => ({ name, value: new Uint8Array(getXattr(byteString(path), name) ?? []) }));
  assert.deepEqual(xattrs, expected);
}

function makeEverything(folder: string): void {
  mkdirSync(folder);
  const pathOf = (name: string | ByteString): ByteString => byteStringOf(`${folder}/`).concat(name) as ByteString;
  const { setXattr, setTimes, makeNode } = fileCalls();
  const write = (path: ByteString, content = ""): void => writeFileSync(bytesOf(path), content);
  for (const name of SPECIAL_NAMES) write(pathOf(`name ${name}`), name);
  for (const [i, ns] of SPECIAL_TIMES_NS.entries()) {
    const path = pathOf(`time${i}`);
    write(path);
    setTimes(path, 0n, ns);
  }
  for (const [i, target] of ["nowhere", "<&>\u2028\n", "\xff/\xc3"].entries())
    symlinkSync(Buffer.from(target, "latin1"), bytesOf(pathOf(`link${i}`)));
  symlinkSync("ü\u2028", bytesOf(pathOf("link3")));

  write(pathOf("empty"));
  write(pathOf("sparse"));
  truncateSync(bytesOf(pathOf("sparse")), 5_000_000);
  write(pathOf("hard"), "two names");
  linkSync(bytesOf(pathOf("hard")), bytesOf(pathOf("hard2")));
  makeNode(pathOf("fifo"), 0o010600, 0n);
  for (const [i, mode] of [0, 0o4755, 0o2755, 0o1644, 0o7777].entries()) {
    write(pathOf(`mode${i}`));
    chmodSync(bytesOf(pathOf(`mode${i}`)), mode);
  }
  mkdirSync(bytesOf(pathOf("folder/sticky")), { recursive: true });
  chmodSync(bytesOf(pathOf("folder/sticky")), 0o3777);
  setXattr(pathOf("folder"), byteStringOf("user.folder"), Buffer.from("x"));

  write(pathOf("attributes"));
  setXattr(pathOf("attributes"), byteStringOf("user.empty"), new Uint8Array());
  setXattr(pathOf("attributes"), byteStringOf("user.<\u2028>"), Buffer.from([0, 255, 1]));
}

function* namesOfAllCharacters(): Generator<string> {
  let name = "";
  let bytes = 0;
  for (const character of PLANES_IN_USE.flatMap(([first, last]) => charactersIn(first, last))) {
    const length = Buffer.byteLength(character);
    if (bytes + length > NAME_MAX) {
      yield name;
      name = "";
      bytes = 0;
    }
    name += character;
    bytes += length;
  }
  yield name;
}

function charactersIn(first: number, last: number): string[] {
  const all = Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i));
  return all.filter((character) => character !== "/" && character.isWellFormed());
}
