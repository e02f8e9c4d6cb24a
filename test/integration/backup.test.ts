/** What a backup reads again and what it takes from its parent, and files that change, vanish, cannot be read or are exchanged meanwhile. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { test, type TestContext } from "node:test";
import { byteStringOf } from "../../src/base/byte-string.ts";
import { systemClock } from "../../src/base/clock.ts";
import { fileCalls } from "../../src/native/files.ts";
import { decodeTree } from "../../src/repository/format/tree/decode.ts";
import type { SnapshotSummary } from "../../src/repository/format/snapshot.ts";
import { newGearParameters } from "../../src/repository/chunker/gear.ts";
import { FileStore } from "../../src/storage/file.ts";
import { intercept } from "../../src/storage/intercept.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";
import { type BackedUp, backUp, type BackUpOptions, newRepository, shiftedClock } from "../support/backup.ts";
import type { BackupReport } from "../support/backup-process.ts";
import { environment } from "../support/environment.ts";
import { assertSameTree, makeEverything, noise } from "../support/file-tree.ts";
import { readRepository } from "../support/plain-repository.ts";
import { runProgram } from "../support/program.ts";
import { restoreLast } from "../support/restore.ts";

const IS_ROOT = process.getuid?.() === 0;
/** As if what is there had been there for long. */
const LATER = shiftedClock(10_000);

interface Setting {
  readonly store: ObjectStore;
  readonly repository: string;
  readonly source: string;
  readonly run: (options?: BackUpOptions) => Promise<BackedUp>;
  readonly blobs: () => Promise<ReadonlyMap<string, Uint8Array>>;
}

async function setting(t: TestContext, chunker = {}): Promise<Setting> {
  const folder = await environment(t).temporaryFolder();
  const [repository, source] = [join(folder, "repository"), join(folder, "source")];
  const store = new FileStore(repository, systemClock);
  const { masterKey } = await newRepository(store, { chunker });
  mkdirSync(source);
  return {
    store,
    repository,
    source,
    run: async (options = {}) => backUp(store, ["."], { workingFolder: source, clock: LATER, ...options }),
    blobs: async () => (await readRepository(repository, masterKey)).blobs,
  };
}

function filesIn({ snapshot: { summary } }: BackedUp): Pick<SnapshotSummary, "filesNew" | "filesChanged" | "filesUnmodified"> {
  const { filesNew = -1, filesChanged = -1, filesUnmodified = -1 } = summary ?? {};
  return { filesNew, filesChanged, filesUnmodified };
}

test("backup() reads again what has another time, length or inode, and nothing else", async (t) => {
  const { source, run } = await setting(t);
  const path = (name: string): string => join(source, name);
  mkdirSync(path("folder"));
  for (const name of ["same", "touched", "longer", "rewritten", "replaced", "folder/same"]) writeFileSync(path(name), name);
  const past = new Date(1_700_000_000_000);
  for (const name of ["rewritten", "replaced"]) utimesSync(path(name), past, past);
  await run();

  utimesSync(path("touched"), past, past);
  appendFileSync(path("longer"), "!");
  // The same length and mtime, but ctime tells; and a new file in the place of the old one.
  writeFileSync(path("rewritten"), "REWRITTEN");
  writeFileSync(path("new"), "REPLACED");
  renameSync(path("new"), path("replaced"));
  for (const name of ["rewritten", "replaced"]) utimesSync(path(name), past, past);
  const second = await run();
  assert.deepEqual(filesIn(second), { filesNew: 0, filesChanged: 4, filesUnmodified: 2 });
  assert.equal(second.snapshot.summary?.dataBlobs, 3, "what was only touched has the content it had");

  const third = await run();
  assert.deepEqual(filesIn(third), { filesNew: 0, filesChanged: 0, filesUnmodified: 6 });
  assert.equal(third.snapshot.tree, second.snapshot.tree);
  assert.equal(third.snapshot.summary?.treeBlobs, 0);
});

test("backup() reads again what changed within two seconds of its parent's start, whatever time that bears", async (t) => {
  const { source, run } = await setting(t);
  writeFileSync(join(source, "file"), "file");
  const changedMs = Math.floor(statSync(join(source, "file")).ctimeMs);
  await run({ clock: { ...shiftedClock(0), now: () => changedMs + 1_500 } });
  assert.deepEqual(filesIn(await run()), { filesNew: 0, filesChanged: 1, filesUnmodified: 0 });
  assert.deepEqual(filesIn(await run()), { filesNew: 0, filesChanged: 0, filesUnmodified: 1 });
});

test("backup() stores again what the index does not have, though the parent names it", async (t) => {
  const { repository, source, run, blobs } = await setting(t);
  writeFileSync(join(source, "file"), noise(100_000, 1));
  mkdirSync(join(source, "folder"));
  writeFileSync(join(source, "folder/other"), noise(100_000, 2));
  const first = await run();
  // Trees and data lie in packs of their own, and there is one index file of both.
  for (const name of readdirSync(join(repository, "index"))) rmSync(join(repository, "index", name));
  const second = await run();
  assert.equal(second.snapshot.tree, first.snapshot.tree);
  assert.deepEqual([second.snapshot.summary?.dataBlobs, second.snapshot.summary?.treeBlobs], [2, 2]);
  assert.ok((await blobs()).has(`tree ${second.snapshot.tree}`));
});

test("backup() takes equal folders from its parent, of which there is one tree", async (t) => {
  const { source, run } = await setting(t);
  for (const name of ["a", "b", "c", "c/d", "c/e"]) mkdirSync(join(source, name));
  const first = await run();
  const second = await run();
  assert.equal(second.snapshot.tree, first.snapshot.tree);
});

test("backup() gives the same snapshot with any number of readers, large and sparse files included", async (t) => {
  const chunker = { ...newGearParameters(), min: 4_096, mean: 16_384, max: 65_536, forcedCut: 500_000 };
  const { source, run } = await setting(t, chunker);
  makeEverything(join(source, "everything"));
  writeFileSync(join(source, "just one cut"), noise(500_000, 7));
  writeFileSync(join(source, "one byte over"), noise(500_001, 7));
  writeFileSync(join(source, "only holes"), "");
  truncateSync(join(source, "only holes"), 3_000_001);
  const { snapshot } = await run({ readers: 1 });
  for (const readers of [2, 5]) {
    const other = await setting(t, chunker);
    const again = await backUp(other.store, ["."], { workingFolder: source, readers });
    assert.equal(again.snapshot.tree, snapshot.tree, `${readers} readers`);
    assert.equal(again.snapshot.summary?.dataBlobs, snapshot.summary?.dataBlobs);
    const target = join(await environment(t).temporaryFolder(), "restored");
    await restoreLast(other.store, "/", target);
    assertSameTree(target, source);
  }
});

test("backup() says which files changed or vanished while it read them, and keeps the rest", async (t) => {
  const { source, run, blobs } = await setting(t, { min: 4_096, mean: 16_384, max: 65_536, forcedCut: 8_000_000 });
  for (const name of ["growing", "large growing"]) writeFileSync(join(source, name), noise(name === "growing" ? 7_000_000 : 9_000_000, 3));
  for (let i = 0; i < 300; i++) writeFileSync(join(source, `vanishing${i}`), "here");
  writeFileSync(join(source, "zzz"), "kept");
  const growing = worker(
    `
    const { appendFileSync, rmSync } = require("node:fs");
    let gone = 299;
    setInterval(() => {
      for (const name of ["growing", "large growing"]) appendFileSync(source + "/" + name, "more");
      if (gone >= 0) rmSync(source + "/vanishing" + gone--, { force: true });
    }, 0);
  `,
    { source },
  );
  const result = await run();
  await growing.terminate();
  const changed = result.findings.filter(({ code }) => code === "file_changed").map(({ object }) => object);
  assert.deepEqual(changed.toSorted(), [join(source, "growing"), join(source, "large growing")]);
  assert.deepEqual(new Set(result.findings.map(({ grade }) => grade)), new Set(["info"]));
  const stored = await blobs();
  const tree = decodeTree(stored.get(`tree ${result.snapshot.tree}`) ?? assert.fail());
  assert.ok(tree.some(({ name }) => name === "zzz"));
  for (const { name, size, content = [] } of tree) {
    const lengths = content.map((id) => stored.get(`data ${id}`)?.length ?? assert.fail());
    const total = lengths.reduce((sum, length) => sum + length, 0);
    assert.equal(total, size, name);
  }
  assert.deepEqual(filesIn(await run()).filesChanged, 2, "what changed meanwhile is read again");
});

test("backup() leaves out what it may not read, says so, and keeps what was readable", async (t) => {
  const { repository, source, blobs } = await setting(t);
  mkdirSync(join(source, "closed"));
  mkdirSync(join(source, "open"));
  for (const name of ["secret", "closed/hidden", "open/file"]) writeFileSync(join(source, name), name);
  for (const name of ["secret", "closed"]) chmodSync(join(source, name), 0);
  const { id, findings } = await backUpWithoutPrivileges(repository, source);
  chmodSync(join(source, "closed"), 0o700);
  assert.deepEqual(
    findings.map(({ code, object, grade }) => `${grade} ${code} ${object}`).toSorted(),
    ["closed", "secret"].map((name) => `partial file_forbidden ${join(source, name)}`),
  );
  assert.ok(existsSync(join(repository, "snapshots", id)));
  const names = [...(await blobs())]
    .filter(([key]) => key.startsWith("tree"))
    .flatMap(([, tree]) => decodeTree(tree).map(({ name }) => name));
  assert.deepEqual(names.toSorted(), ["closed", "file", "open"]);
});

test("backup() never stores what lies outside, whoever swaps folders and files for links meanwhile", async (t) => {
  const { source, run, blobs } = await setting(t);
  const outside = await environment(t).temporaryFolder();
  const secret = "this lies outside";
  for (const folder of [outside, source]) {
    mkdirSync(join(folder, "folder/deeper"), { recursive: true });
    for (let i = 0; i < 200; i++)
      writeFileSync(join(folder, `folder/deeper/file${i}`), folder === outside ? `${secret} ${i}` : `inside ${i}`);
  }
  symlinkSync(join(outside, "folder"), join(source, "link"));
  symlinkSync(join(outside, "folder/deeper"), join(source, "folder/link"));
  symlinkSync(join(outside, "folder/deeper/file7"), join(source, "folder/deeper/link"));
  const swapping = worker(
    `
    const { renameSync } = require("node:fs");
    const swap = (folder, name) => {
      renameSync(folder + "/" + name, folder + "/kept");
      renameSync(folder + "/link", folder + "/" + name);
      renameSync(folder + "/" + name, folder + "/link");
      renameSync(folder + "/kept", folder + "/" + name);
    };
    for (;;) {
      swap(source, "folder");
      swap(source + "/folder", "deeper");
      swap(source + "/folder/deeper", "file7");
    }
  `,
    { source },
  );
  let replaced = 0;
  for (let round = 0; round < 6; round++) {
    const { findings } = await run({ readers: 2, withParent: round % 2 === 0 });
    replaced += findings.length;
  }
  await swapping.terminate();
  assert.ok(replaced > 0, "nothing was swapped at the right moment");
  for (const [key, content] of await blobs()) assert.ok(!Buffer.from(content).includes(secret), key);
});

test("backup() walks many folders at a time without holding all of them open, however slow the store is", async (t) => {
  const { store, source, run } = await setting(t);
  const folders = 700;
  for (let i = 0; i < folders; i++) {
    mkdirSync(join(source, `folder${i}/deeper`), { recursive: true });
    writeFileSync(join(source, `folder${i}/file`), `${i}`);
    writeFileSync(join(source, `folder${i}/deeper/file`), `${i}`);
  }
  await run();
  for (let i = 0; i < folders; i++) symlinkSync("x", join(source, `folder${i}${i % 3 === 0 ? "" : "/deeper"}/link`));
  const slow = intercept(store, async ({ name, key }, call) => {
    if (name === "get" && key.startsWith("data/")) await systemClock.sleep(100);
    return call();
  });
  let most = 0;
  const watching = setInterval(() => (most = Math.max(most, readdirSync("/proc/self/fd").length)), 5);
  const { findings, snapshot } = await backUp(slow, ["."], { workingFolder: source, clock: LATER });
  clearInterval(watching);
  assert.deepEqual(findings, []);
  assert.equal(snapshot.summary?.filesUnmodified, 2 * folders);
  assert.ok(most < 700, `${most} files were open`);
});

test("backup() keeps folders that lie too deep to be read again empty, and says so", async (t) => {
  const { source, run } = await setting(t);
  const name = "d".repeat(20);
  makeDeep(source, name, 1_010);
  const { findings, snapshot } = await run();
  assert.deepEqual(
    findings.map(({ code, grade }) => [code, grade]),
    [["folder_too_deep", "partial"]],
  );
  assert.equal(snapshot.summary?.dirsNew, 1_002);
  // Node's own cannot either.
  assert.equal((await runProgram("rm", ["-rf", source])).exitCode, 0);
});

test("Paths that are longer than the system takes are backed up and restored, since nothing is reached by its path", async (t) => {
  const { source, store, run } = await setting(t);
  makeDeep(source, "d".repeat(100), 60);
  const target = `${source} restored`;
  const { findings, snapshot } = await run();
  assert.deepEqual(findings, []);
  const restored = await restoreLast(store, "/", target);
  assert.deepEqual([restored.findings, restored.folders], [[], 60]);
  const again = await run({ workingFolder: target, withParent: false });
  assert.deepEqual([again.findings, again.snapshot.summary?.dirsNew], [[], snapshot.summary?.dirsNew]);
  for (const folder of [source, target]) assert.equal((await runProgram("rm", ["-rf", folder])).exitCode, 0);
});

test("backup() keeps attributes and times at their limits", async (t) => {
  const { source, run, blobs } = await setting(t);
  const path = byteStringOf(join(source, "file"));
  writeFileSync(join(source, "file"), "");
  fileCalls().setTimes(path, 0n, 2n ** 34n * 1_000_000_000n - 1n);
  fileCalls().setXattr(path, byteStringOf("user.large"), noise(3_000, 1));
  const { findings, snapshot } = await run();
  assert.deepEqual(findings, []);
  const [node] = decodeTree((await blobs()).get(`tree ${snapshot.tree}`) ?? assert.fail());
  assert.equal(node?.xattrs[0]?.value.length, 3_000);
});

function worker(script: string, data: unknown): Worker {
  return new Worker(`const { source } = require("node:worker_threads").workerData;\n${script}`, { eval: true, workerData: data });
}

/** As root it runs without root's right to read everything. */
async function backUpWithoutPrivileges(repository: string, source: string): Promise<BackupReport> {
  const lowered = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"];
  const command = [
    ...(IS_ROOT ? lowered : []),
    process.execPath,
    join(import.meta.dirname, "../support/backup-process.ts"),
    JSON.stringify({ url: repository, paths: ["."], workingFolder: source }),
  ];
  const [program = "", ...args] = command;
  const { exitCode, stdout, stderr } = await runProgram(program, args);
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as BackupReport;
}

/** Walks down: the path is longer than any call takes. */
function makeDeep(folder: string, name: string, depth: number): void {
  const here = process.cwd();
  process.chdir(folder);
  for (let level = 0; level < depth; level++) {
    mkdirSync(name);
    process.chdir(name);
  }
  process.chdir(here);
}
