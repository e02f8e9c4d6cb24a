/** Restores: as restic's, into what is there already, and while somebody or something is in the way. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { byteStringOf } from "../../src/base/byte-string.ts";
import { systemClock } from "../../src/base/clock.ts";
import { type HexId, randomHexId } from "../../src/base/ids.ts";
import type { Config } from "../../src/repository/format/config.ts";
import { randomChunkerPolynomial } from "../../src/repository/format/polynomial.ts";
import { encodeNode } from "../../src/repository/format/tree/encode.ts";
import { goModeOf, type Node } from "../../src/repository/format/tree/node.ts";
import { EVERYTHING } from "../../src/archive/restore/options.ts";
import { fileCalls } from "../../src/native/files.ts";
import { FileStore } from "../../src/storage/file.ts";
import { backUp, newRepository, PASSWORD } from "../support/backup.ts";
import { cheapenKeys } from "../support/cheap-keys.ts";
import { environment } from "../support/environment.ts";
import { assertSameTree, describeTree, makeEverything, noise } from "../support/file-tree.ts";
import { createRepository, writePack, writeSealed } from "../support/plain-repository.ts";
import { runProgram } from "../support/program.ts";
import { type Restic, resticOn } from "../support/restic.ts";
import { restoreLast } from "../support/restore.ts";

const IS_ROOT = process.getuid?.() === 0;
const RESTORE = join(import.meta.dirname, "../support/restore.ts");

interface Setting {
  readonly store: FileStore;
  readonly repository: string;
  readonly folder: string;
  readonly source: string;
  readonly target: string;
}

async function setting(t: TestContext): Promise<Setting> {
  const folder = await environment(t).temporaryFolder();
  const repository = join(folder, "repository");
  const store = new FileStore(repository, systemClock);
  return { store, repository, folder, source: join(folder, "source"), target: join(folder, "target") };
}

/** Backed up by Holdfast, with "." at the top of the snapshot. */
async function backedUp(t: TestContext, make: (source: string) => void): Promise<Setting> {
  const all = await setting(t);
  make(all.source);
  await newRepository(all.store);
  await backUp(all.store, ["."], { workingFolder: all.source });
  return all;
}

async function restic(t: TestContext, { repository }: Setting): Promise<Restic> {
  return resticOn({ program: await resticBinary(t.signal), repository, password: PASSWORD, signal: t.signal });
}

function makeManyFiles(source: string): void {
  for (let folder = 0; folder < 30; folder++) {
    mkdirSync(join(source, `f${folder}`), { recursive: true });
    for (let file = 0; file < 50; file++) writeFileSync(join(source, `f${folder}`, `${file}`), noise(3000, folder * 50 + file));
    utimesSync(join(source, `f${folder}`), 1_600_000_000, 1_600_000_000 + folder);
  }
  writeFileSync(join(source, "large"), noise(20_000_000, 7));
}

test("What Holdfast backed up, Holdfast and restic restore equally, with all that files can have", async (t) => {
  const all = await backedUp(t, makeEverything);
  const { findings, failed, verified } = await restoreLast(all.store, "", all.target, { verify: true });
  assert.deepEqual(findings, []);
  assert.equal(failed, 0);
  assert.ok(verified > 10);
  assertSameTree(all.target, all.source);
  const byRestic = join(all.folder, "by restic");
  await (await restic(t, all)).run("restore", "latest", "--target", byRestic);
  assertSameTree(all.target, byRestic);
});

for (const version of ["1", "2"]) {
  test(`What restic backed up into a repository of version ${version}, Holdfast restores with all that files can have`, async (t) => {
    const all = await setting(t);
    makeEverything(all.source);
    const program = await restic(t, all);
    await program.run("init", "--repository-version", version);
    await cheapenKeys(all.store, PASSWORD);
    await program.runIn(all.source, "backup", ".");
    const { findings } = await restoreLast(all.store, "", all.target, { verify: true });
    assert.deepEqual(findings, []);
    assertSameTree(all.target, all.source);
  });
}

test("restore() leaves holes where the content is zeros, if it may", async (t) => {
  const all = await backedUp(t, (source) => {
    mkdirSync(source);
    writeFileSync(join(source, "sparse"), "");
    truncateSync(join(source, "sparse"), 50_000_000);
    writeFileSync(join(source, "small"), Buffer.concat([noise(5000, 1), Buffer.alloc(40_000)]));
  });
  await restoreLast(all.store, "", all.target);
  assertSameTree(all.target, all.source);
  assert.ok(statSync(join(all.target, "sparse")).blocks * 512 < 100_000);
  assert.ok(statSync(join(all.target, "small")).blocks * 512 < 20_000);
  const full = join(all.folder, "full");
  await restoreLast(all.store, "", full, { sparse: false });
  assertSameTree(full, all.source);
  assert.ok(statSync(join(full, "sparse")).blocks * 512 >= 50_000_000);
});

test("restore() restores a folder, or one file, of a snapshot", async (t) => {
  const all = await backedUp(t, makeEverything);
  await restoreLast(all.store, "/folder/deeper", all.target);
  assert.deepEqual(readdirSync(all.target).toSorted(), ["empty folder", "hard"]);
  const single = join(all.folder, "single");
  await restoreLast(all.store, "folder/same noise", single);
  assert.deepEqual(readdirSync(single), ["same noise"]);
  await assert.rejects(restoreLast(all.store, "folder/nothing", single), { code: "snapshot_path" });
});

test("restore() restores what is selected", async (t) => {
  const all = await backedUp(t, makeEverything);
  const includes = [byteStringOf("hard")];
  const select = { ...EVERYTHING, includes };
  const plan = await restoreLast(all.store, "", all.target, { select, dryRun: true });
  const { entries, folders, findings, verified } = await restoreLast(all.store, "", all.target, { select, verify: true });
  assert.deepEqual([findings, verified], [[], 2]);
  const expected = ["folder", "folder/deeper", "folder/deeper/hard", "hard"];
  for (const told of [plan.entries, entries]) assert.deepEqual(told.map(({ path }) => path).toSorted(), expected);
  assert.deepEqual([plan.folders, folders], [2, 2]);
  // Folders without anything that is selected are not made, those on the way are as they were.
  const made = describeTree(all.target);
  assert.deepEqual(
    Object.keys(made),
    expected.map((path) => `/${path}`),
  );
  assert.deepEqual(made["/folder/deeper"], describeTree(all.source)["/folder/deeper"]);
  const excluded = join(all.folder, "excluded");
  await restoreLast(all.store, "", excluded, { select: { ...EVERYTHING, excludes: [byteStringOf("/folder"), byteStringOf("mode*")] } });
  assert.ok(existsSync(join(excluded, "hard")));
  assert.ok(!existsSync(join(excluded, "folder")));
  assert.ok(!existsSync(join(excluded, "mode0")));
});

test("restore() replaces whatever is in the way without touching what it leads to", async (t) => {
  const all = await backedUp(t, (source) => {
    mkdirSync(join(source, "folder"), { recursive: true });
    for (const name of ["file", "other", "large", "folder/below"]) writeFileSync(join(source, name), name);
    writeFileSync(join(source, "large"), noise(9_000_000, 1));
  });
  const outside = join(all.folder, "outside");
  mkdirSync(outside);
  for (const name of ["a", "b", "c"]) writeFileSync(join(outside, name), "mine");
  const before = describeTree(outside);
  mkdirSync(all.target);
  symlinkSync(join(outside, "a"), join(all.target, "file"));
  linkSync(join(outside, "b"), join(all.target, "other"));
  symlinkSync(join(outside, "c"), join(all.target, "large"));
  symlinkSync(outside, join(all.target, "folder"));
  const { findings } = await restoreLast(all.store, "", all.target);
  assert.deepEqual(findings, []);
  assertSameTree(all.target, all.source);
  assert.deepEqual({ ...describeTree(outside), "/b": { ...(before["/b"] as object) } }, before);
  assert.equal(readFileSync(join(outside, "b"), "utf8"), "mine");
});

test("restore() with if-changed compares what is there, and writes only what differs", async (t) => {
  const all = await backedUp(t, makeEverything);
  await restoreLast(all.store, "", all.target);
  const inodes = (): Map<string, number> => new Map(["noise", "text", "zeros"].map((name) => [name, statSync(join(all.target, name)).ino]));
  const before = inodes();
  // Content as it should be with another time and mode; other content of the same length; and another length.
  utimesSync(join(all.target, "noise"), 1, 1);
  chmodSync(join(all.target, "noise"), 0o600);
  const other = readFileSync(join(all.target, "text"));
  other[5] = 0;
  writeFileSync(join(all.target, "text"), other);
  truncateSync(join(all.target, "zeros"), 5);
  const { files, unchanged, bytes } = await restoreLast(all.store, "", all.target, { overwrite: "if-changed" });
  assert.equal(files, 2);
  assert.ok(unchanged > 20);
  assert.ok(bytes < 6_000_000);
  assertSameTree(all.target, all.source);
  const after = inodes();
  assert.equal(after.get("noise"), before.get("noise"));
  assert.notEqual(after.get("text"), before.get("text"));
});

test("restore() that reads back tells of content that has the right size and time and is another", async (t) => {
  const all = await backedUp(t, makeManyFiles);
  await restoreLast(all.store, "", all.target);
  const changed = ["large", "f3/7"].map((path) => join(all.target, path));
  for (const path of changed) {
    const content = readFileSync(path);
    content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
    const times = statSync(path, { bigint: true });
    writeFileSync(path, content);
    fileCalls().setTimes(byteStringOf(path), times.atimeNs, times.mtimeNs);
  }
  const { findings, verified, unchanged } = await restoreLast(all.store, "", all.target, { overwrite: "if-changed", verify: true });
  assert.deepEqual(findings.map(({ code, object }) => `${code} ${object}`).toSorted(), ["entry_differs f3/7", "entry_differs large"]);
  assert.deepEqual([verified, unchanged], [1499, 1501]);
});

test("restore() with never keeps what is there, and with if-newer what is not older", async (t) => {
  const all = await backedUp(t, (source) => {
    mkdirSync(source);
    for (const name of ["old", "new", "missing"]) writeFileSync(join(source, name), name);
    utimesSync(join(source, "old"), 1_000_000_000, 1_000_000_000);
  });
  const contents = (target: string): string[] => ["old", "new", "missing"].map((name) => readFileSync(join(target, name), "utf8"));
  for (const [overwrite, expected, skipped] of [
    ["never", ["mine", "mine", "missing"], 2],
    ["if-newer", ["mine", "new", "missing"], 1],
  ] as const) {
    const target = join(all.folder, overwrite);
    mkdirSync(target);
    for (const name of ["old", "new"]) {
      writeFileSync(join(target, name), "mine");
      utimesSync(join(target, name), 1_100_000_000, 1_100_000_000);
    }
    const result = await restoreLast(all.store, "", target, { overwrite });
    assert.deepEqual(contents(target), expected);
    assert.equal(result.skipped, skipped);
  }
});

test("restore() deletes what the snapshot does not have only if it is told to, and a dry run changes nothing", async (t) => {
  const all = await backedUp(t, makeEverything);
  await restoreLast(all.store, "", all.target);
  const outside = join(all.folder, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "kept"), "");
  mkdirSync(join(all.target, "extra/deep"), { recursive: true });
  writeFileSync(join(all.target, "extra/deep/file"), "");
  symlinkSync(outside, join(all.target, "folder/extra link"));
  unlinkSync(join(all.target, "text"));
  const before = describeTree(all.target);
  const plan = await restoreLast(all.store, "", all.target, { overwrite: "if-changed", deleteExtra: true, dryRun: true });
  assert.deepEqual(describeTree(all.target), before);
  assert.deepEqual(
    plan.entries.filter(({ action }) => action === "delete").map(({ path }) => path),
    ["folder/extra link", "extra/deep/file", "extra/deep", "extra"],
  );
  assert.equal(plan.files, 1);
  assert.equal(plan.deleted, 4);
  await restoreLast(all.store, "", all.target, { overwrite: "if-changed" });
  assert.ok(existsSync(join(all.target, "extra")));
  const result = await restoreLast(all.store, "", all.target, { overwrite: "if-changed", deleteExtra: true });
  assert.equal(result.deleted, 4);
  assert.equal(result.files, 0);
  assertSameTree(all.target, all.source);
  assert.deepEqual(readdirSync(outside), ["kept"]);
});

test("restore() into a target that does not exist makes nothing in a dry run", async (t) => {
  const all = await backedUp(t, makeEverything);
  const { files, folders, bytes } = await restoreLast(all.store, "", all.target, { dryRun: true });
  assert.ok(!existsSync(all.target));
  const real = await restoreLast(all.store, "", all.target);
  assert.deepEqual({ files, folders, bytes }, { files: real.files, folders: real.folders, bytes: real.bytes });
});

test("restore() goes on where it was killed", async (t) => {
  const all = await backedUp(t, makeManyFiles);
  for (const enough of [1, 12, 25]) {
    rmSync(all.target, { recursive: true, force: true });
    const child = spawn(process.execPath, [RESTORE, all.repository, "", all.target], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.on("exit", resolve));
    while (child.exitCode === null && !existsSync(join(all.target, `f${enough}`))) await systemClock.sleep(1);
    child.kill("SIGKILL");
    await ended;
    const { findings } = await restoreLast(all.store, "", all.target, { overwrite: "if-changed" });
    assert.deepEqual(findings, []);
    assertSameTree(all.target, all.source);
  }
});

test("restore() that is cancelled leaves no file that is half made", async (t) => {
  const all = await backedUp(t, makeManyFiles);
  const abort = new AbortController();
  const progress = ({ doneItems }: { readonly doneItems: number }): void => {
    if (doneItems > 0) abort.abort();
  };
  await restoreLast(all.store, "", all.target, { progress, signal: abort.signal }).catch((error: unknown) => {
    assert.equal(error, abort.signal.reason);
  });
  const expected = describeTree(all.source);
  for (const [path, entry] of Object.entries(describeTree(all.target))) {
    if (lstatSync(join(all.target, path)).isFile()) assert.deepEqual(entry, expected[path]);
  }
});

test("Nothing outside of the target changes while somebody swaps its folders for links", async (t) => {
  const all = await backedUp(t, makeManyFiles);
  const outside = join(all.folder, "outside");
  mkdirSync(outside);
  for (let file = 0; file < 50; file++) writeFileSync(join(outside, `${file}`), "mine");
  const changeTimes = (): bigint[] =>
    [".", ...readdirSync(outside)].map((name) => lstatSync(join(outside, name), { bigint: true }).ctimeNs);
  const before = [describeTree(outside), changeTimes()];
  const swap = `
    const { renameSync, symlinkSync, unlinkSync } = require("node:fs");
    const [target, outside] = process.argv.slice(1);
    const attempt = (action) => { try { action(); return true; } catch { return false; } };
    for (let round = 0; ; round = (round + 1) % 30) {
      const folder = target + "/f" + round;
      if (!attempt(() => renameSync(folder, folder + " aside"))) continue;
      attempt(() => symlinkSync(outside, folder));
      attempt(() => unlinkSync(folder));
      attempt(() => renameSync(folder + " aside", folder));
    }`;
  const child = spawn(process.execPath, ["-e", swap, all.target, outside], { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  for (const overwrite of ["always", "if-changed"] as const) {
    await restoreLast(all.store, "", all.target, { overwrite, deleteExtra: true });
  }
  child.kill("SIGKILL");
  assert.deepEqual([describeTree(outside), changeTimes()], before);
});

test("restore() reports what is damaged or missing, and restores the rest", async (t) => {
  const all = await backedUp(t, (source) => {
    makeManyFiles(source);
    writeFileSync(join(source, "zz"), noise(30_000_000, 9));
  });
  const packs = readdirSync(join(all.repository, "data"), { recursive: true, encoding: "utf8" })
    .map((name) => join(all.repository, "data", name))
    .filter((path) => statSync(path).size > 5_000_000);
  const [damaged = "", gone = ""] = packs;
  const bytes = readFileSync(damaged);
  bytes[1_000_000] = (bytes[1_000_000] ?? 0) ^ 1;
  chmodSync(damaged, 0o600);
  writeFileSync(damaged, bytes);
  renameSync(gone, join(all.folder, "gone"));
  const { findings, failed } = await restoreLast(all.store, "", all.target);
  assert.ok(failed > 0);
  for (const { grade, code, message } of findings) {
    assert.deepEqual([grade, code], ["critical", "entry_damaged"]);
    assert.match(message, /blob "[0-9a-f]{64}"/);
  }
  const expected = describeTree(all.source);
  const found = describeTree(all.target);
  const missing = new Set(findings.map(({ object }) => `/${object}`));
  assert.deepEqual(
    Object.keys(found),
    Object.keys(expected).filter((path) => !missing.has(path)),
  );
  for (const [path, entry] of Object.entries(found)) assert.deepEqual(entry, expected[path], path);
});

test("restore() onto a full disk", { skip: !IS_ROOT && "only root can mount" }, async (t) => {
  const all = await backedUp(t, makeManyFiles);
  const disk = join(all.folder, "disk");
  mkdirSync(disk);
  const mount = async (options: string): Promise<void> => {
    const { exitCode, stderr } = await runProgram("mount", ["-t", "tmpfs", "-o", options, "holdfast-test", disk]);
    assert.equal(exitCode, 0, stderr);
  };
  /** It would be busy if a handle were left open. */
  const unmount = async (): Promise<void> => {
    const { exitCode, stderr } = await runProgram("umount", [disk]);
    assert.equal(exitCode, 0, stderr);
  };
  t.after(async () => runProgram("umount", ["-l", disk]));

  await t.test("is refused before anything is written", async () => {
    await mount("size=8m");
    await assert.rejects(restoreLast(all.store, "", disk), { kind: "unavailable", code: "target_full" });
    await assert.rejects(restoreLast(all.store, "", disk, { dryRun: true }), { code: "target_full" });
    assert.deepEqual(readdirSync(disk), []);
    await unmount();
  });
  await t.test("ends with a clear error and no half-made file if it gets full meanwhile", async () => {
    await mount("size=100m,nr_inodes=300");
    await assert.rejects(restoreLast(all.store, "", disk), { kind: "unavailable", code: "target_full", message: /no space left/ });
    const expected = describeTree(all.source);
    for (const [path, entry] of Object.entries(describeTree(disk))) {
      if (lstatSync(join(disk, path)).isFile()) assert.deepEqual(entry, expected[path]);
    }
    await unmount();
  });
  await t.test("keeps the file that was to be replaced", async () => {
    await mount("size=30m");
    writeFileSync(join(disk, "large"), noise(20_000_000, 8));
    await assert.rejects(restoreLast(all.store, "large", disk), { code: "target_full" });
    assert.deepEqual(readdirSync(disk), ["large"]);
    assert.ok(readFileSync(join(disk, "large")).equals(noise(20_000_000, 8)));
    await unmount();
  });
});

/** A repository whose last snapshot has the tree that `make` writes. */
async function hostile(
  t: TestContext,
  make: (add: (nodes: readonly Node[]) => Promise<HexId>, content: HexId) => Promise<HexId>,
): Promise<Setting> {
  const all = await setting(t);
  const masterKey = { encryption: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) };
  const config: Config = { version: 2, id: randomHexId(), chunkerPolynomial: randomChunkerPolynomial(), otherFields: {} };
  const repository = { folder: all.repository, password: PASSWORD, masterKey, config };
  await createRepository(repository);
  const add = async (type: "data" | "tree", bytes: Uint8Array): Promise<HexId> => {
    const [id] = await writePack(repository, [[type, bytes]]);
    return id ?? assert.fail();
  };
  const tree = await make(async (nodes) => add("tree", treeBytes(nodes)), await add("data", Buffer.alloc(1000, "x")));
  await writeSealed(
    repository,
    "snapshots",
    Buffer.from(JSON.stringify({ time: "2026-01-01T00:00:00Z", tree, paths: ["/"], hostname: "h", username: "u" })),
  );
  return all;
}

/** In whatever order, and with whatever names. */
function treeBytes(nodes: readonly Node[]): Uint8Array {
  return Buffer.from(`{"nodes":[${nodes.map((node) => Buffer.from(encodeNode(node)).toString("latin1")).join(",")}]}\n`, "latin1");
}

function nodeOf(name: string, changes: Partial<Node> = {}): Node {
  const times = { mtimeNs: 1_700_000_000_000_000_000n, atimeNs: 0n, ctimeNs: 0n };
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, user: "", group: "" };
  const type = changes.subtree === undefined ? "file" : "dir";
  const mode = goModeOf(type === "file" ? 0o100644 : 0o040755);
  const file = { name: byteStringOf(name), type, mode, size: 0, links: 1, xattrs: [], inode: 0n, deviceId: 0n, device: 0n } as const;
  return { ...file, ...times, ...owner, ...changes };
}

test("restore() makes what it can of a folder that lies", async (t) => {
  const all = await hostile(t, async (add, content) =>
    add([
      nodeOf("short", { size: 5000, content: [content] }),
      nodeOf("twice", { size: 1000, content: [content] }),
      nodeOf("twice", { size: 0, content: [] }),
      nodeOf("a folder without a tree", { type: "dir" }),
      nodeOf("unknown blob", { size: 10, content: [randomHexId()] }),
      nodeOf("unknown tree", { subtree: randomHexId() }),
      nodeOf("good", { size: 2000, content: [content, content] }),
    ]),
  );
  const { findings, failed } = await restoreLast(all.store, "", all.target);
  assert.deepEqual(findings.map(({ code, object }) => `${code} ${object}`).toSorted(), [
    "entry_damaged a folder without a tree",
    "entry_damaged unknown blob",
    "entry_damaged unknown tree",
    "entry_twice twice",
    "file_size_differs short",
  ]);
  assert.equal(failed, 3);
  const found = readdirSync(all.target).toSorted();
  assert.deepEqual(found, ["good", "short", "twice", "unknown tree"]);
  assert.equal(readFileSync(join(all.target, "good"), "utf8"), "x".repeat(2000));
  assert.equal(readFileSync(join(all.target, "twice"), "utf8"), "x".repeat(1000));
});

for (const name of ["../outside", "..", ".", "", "a/b", "a\0b"]) {
  test(`restore() makes nothing of a tree with the name ${JSON.stringify(name)}`, async (t) => {
    const all = await hostile(t, async (add, content) => add([nodeOf(name, { size: 1000, content: [content] })]));
    const { findings, files } = await restoreLast(all.store, "", all.target);
    assert.deepEqual(
      findings.map(({ grade, code }) => [grade, code]),
      [["critical", "entry_damaged"]],
    );
    assert.equal(files, 0);
    assert.deepEqual(readdirSync(all.folder).toSorted(), ["repository", "target"]);
  });
}

test("restore() refuses a small repository that would become endless", async (t) => {
  const bomb = await hostile(t, async (add, content) => {
    let tree = await add([nodeOf("file", { size: 1000, content: [content] })]);
    for (let level = 0; level < 60; level++) tree = await add([nodeOf("a", { subtree: tree }), nodeOf("b", { subtree: tree })]);
    return tree;
  });
  const select = { ...EVERYTHING, excludes: [byteStringOf("nothing")] };
  for (const change of [{}, { select }, { dryRun: true }]) {
    await assert.rejects(restoreLast(bomb.store, "", bomb.target, change), { kind: "corrupt", code: "snapshot_endless" });
  }
  assert.ok(!existsSync(bomb.target));
});

test("restore() below /proc, where nobody can make a folder, is refused", async (t) => {
  const all = await hostile(t, async (add) => add([]));
  await assert.rejects(restoreLast(all.store, "", "/proc/self/holdfast/target"), { kind: "not-found", code: "target_missing" });
});

test("restore() into what is no folder is refused", async (t) => {
  const all = await backedUp(t, makeEverything);
  writeFileSync(all.target, "a file");
  await assert.rejects(restoreLast(all.store, "", all.target), { kind: "conflict", code: "target_no_folder" });
  assert.equal(readFileSync(all.target, "utf8"), "a file");
  const link = join(all.folder, "link");
  mkdirSync(join(all.folder, "real"));
  symlinkSync("real", link);
  await restoreLast(all.store, "folder/deeper", link);
  assert.equal(readlinkSync(link), "real");
  assert.ok(existsSync(join(all.folder, "real/hard")));
});
