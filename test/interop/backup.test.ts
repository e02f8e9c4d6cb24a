/** Backups of Holdfast beside restic and rustic: each checks, restores and goes on with what the other wrote. */
import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { olderResticBinary, resticBinary } from "../../dev/peers/restic.ts";
import { systemClock } from "../../src/base/clock.ts";
import { byteStringOf } from "../../src/base/byte-string.ts";
import type { ExcludeRules } from "../../src/archive/backup/source.ts";
import { CACHE_FOLDER } from "../../src/archive/exclude.ts";
import type { RepositoryVersion } from "../../src/repository/format/config.ts";
import { checkRepository } from "../../src/repository/check/check.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { openSession } from "../../src/repository/session.ts";
import { FileStore } from "../../src/storage/file.ts";
import { backUp, newRepository, PASSWORD } from "../support/backup.ts";
import { cheapenKeys } from "../support/cheap-keys.ts";
import { environment } from "../support/environment.ts";
import { assertSameTree, makeEverything, noise } from "../support/file-tree.ts";
import { runProgram } from "../support/program.ts";
import { restoreLast } from "../support/restore.ts";
import { type Restic, resticOn, resticSummary } from "../support/restic.ts";

interface Setting {
  readonly store: FileStore;
  readonly repository: string;
  readonly source: string;
  readonly restored: string;
  /** Likewise, by Holdfast. */
  readonly ours: string;
  readonly restic: Restic;
}

async function setting(t: TestContext, options: { readonly password?: string; readonly program?: string } = {}): Promise<Setting> {
  const folder = await environment(t).temporaryFolder();
  const { password = PASSWORD, program = await resticBinary(t.signal) } = options;
  const repository = join(folder, "repository");
  return {
    store: new FileStore(repository, systemClock),
    repository,
    source: join(folder, "source"),
    restored: join(folder, "restored"),
    ours: join(folder, "ours"),
    restic: resticOn({ program, repository, password, signal: t.signal }),
  };
}

for (const version of [1, 2] as const) {
  test(`restic checks and restores a repository of version ${version} that Holdfast wrote, and both go on with the other's snapshots`, async (t) => {
    const { store, source, restored, restic } = await setting(t);
    makeEverything(source);
    await newRepository(store, { version });
    const first = await backUp(store, ["."], { workingFolder: source });
    assert.deepEqual(first.findings, []);
    await restic.run("check", "--read-data");
    await restic.run("restore", first.id, "--target", restored);
    assertSameTree(restored, source);

    const theirs = resticSummary(await restic.runIn(source, "backup", "--json", "."));
    assert.deepEqual([theirs.files_new, theirs.files_changed, theirs.data_blobs, theirs.tree_blobs, theirs.data_added], [0, 0, 0, 0, 0]);
    const { snapshot } = await backUp(store, ["."], { workingFolder: source });
    assert.equal(snapshot.parent, theirs.snapshot_id);
    assert.equal(snapshot.tree, first.snapshot.tree);
    assert.equal(snapshot.summary?.dataAdded, 0);
    await restic.run("check", "--read-data");
  });
}

interface Writer {
  readonly name: string;
  readonly program?: (signal: AbortSignal) => Promise<string>;
  readonly version: RepositoryVersion;
  readonly compression: readonly string[];
}

const WRITERS: readonly Writer[] = [
  { name: "restic 0.14", program: olderResticBinary, version: 1, compression: [] },
  { name: "restic 0.14", program: olderResticBinary, version: 2, compression: [] },
  { name: "restic 0.18", version: 1, compression: [] },
  { name: "restic 0.18 without compression", version: 2, compression: ["--compression", "off"] },
  { name: "restic 0.18", version: 2, compression: ["--compression", "auto"] },
  { name: "restic 0.18 with much compression", version: 2, compression: ["--compression", "max"] },
];

for (const { name, program, version, compression } of WRITERS) {
  test(`Holdfast checks, restores and finds again what ${name} stored in a repository of version ${version}`, async (t) => {
    const { store, repository, source, restored, ours, restic } = await setting(
      t,
      program === undefined ? {} : { program: await program(t.signal) },
    );
    await mkdir(source);
    await writeFile(join(source, "noise"), noise(9_000_000, 3));
    await writeFile(join(source, "text"), "some text\n".repeat(300_000));
    await writeFile(join(source, "small"), "small");
    await restic.run("init", "--repository-version", String(version));
    await cheapenKeys(repository, PASSWORD);
    await restic.runIn(source, ...compression, "backup", ".");
    await assertWhole(store);
    await restoreLast(store, "/", ours);
    assertSameTree(ours, source);

    const unchanged = await backUp(store, ["."], { workingFolder: source, withParent: false });
    assert.equal(unchanged.snapshot.summary?.dataBlobs, 0);
    const asParent = await backUp(store, ["."], { workingFolder: source });
    assert.equal(asParent.snapshot.summary?.dataAdded, 0);

    await writeFile(join(source, "noise"), Buffer.concat([Buffer.from("moved on"), noise(9_000_000, 3)]));
    const changed = await backUp(store, ["."], { workingFolder: source });
    const { filesChanged = 0, dataBlobs = 0 } = changed.snapshot.summary ?? {};
    assert.ok(filesChanged >= 1 && dataBlobs === 1, `${filesChanged} files, ${dataBlobs} blobs`);
    await restic.run("check", "--read-data");
    await restic.run("restore", changed.id, "--target", restored);
    assertSameTree(restored, source);
  });
}

test("Holdfast goes on with a repository that rustic wrote", async (t) => {
  const { store, repository, restored, ours, restic } = await setting(t, { password: "rustic" });
  await cp(join(import.meta.dirname, "../fixtures/rustic/repository"), repository, { recursive: true });
  await cheapenKeys(store, "rustic");
  await restic.run("restore", "latest", "--target", restored);
  await assertWhole(store, "rustic");
  await restoreLast(store, "/", ours, { password: "rustic" });
  assertSameTree(ours, restored);
  const first = await backUp(store, ["."], { workingFolder: restored, password: "rustic" });
  assert.equal(first.snapshot.summary?.dataBlobs, 0);
  await writeFile(join(restored, "new"), "new");
  const second = await backUp(store, ["."], { workingFolder: restored, password: "rustic" });
  assert.equal(second.snapshot.summary?.dataBlobs, 1);
  await restic.run("check", "--read-data");
  await restic.run("restore", second.id, "--target", `${restored} again`);
  assertSameTree(`${restored} again`, restored);
});

test("restic and Holdfast may write into one repository at the same time", async (t) => {
  const { store, source, restored, restic } = await setting(t);
  await newRepository(store);
  for (const who of ["ours", "theirs"]) {
    await mkdir(join(source, who), { recursive: true });
    await writeFile(join(source, who, "common"), noise(20_000_000, 4));
    await writeFile(join(source, who, "own"), noise(6_000_000, who.length));
  }
  const [ours, theirs] = await Promise.all([
    backUp(store, ["."], { workingFolder: join(source, "ours") }),
    restic.runIn(join(source, "theirs"), "backup", "--json", ".").then(resticSummary),
  ]);
  await restic.run("check", "--read-data");
  await restic.run("restore", ours.id, "--target", join(restored, "ours"));
  await restic.run("restore", theirs.snapshot_id, "--target", join(restored, "theirs"));
  for (const who of ["ours", "theirs"]) assertSameTree(join(restored, who), join(source, who));
});

test("A stream is stored as a file that restic gives back", async (t) => {
  const { store, restic } = await setting(t);
  await newRepository(store, { chunker: { min: 4_096, mean: 16_384, max: 65_536, forcedCut: 1_000_000 } });
  const folder = await environment(t).temporaryFolder();
  const content = noise(3_500_000, 5);
  const file = join(folder, "file");
  await writeFile(file, content);
  const { exitCode, stderr } = await runProgram("sh", ["-c", `cat "${file}" | "$0" "$@"`, process.execPath, ...streamBackup(store)]);
  assert.equal(exitCode, 0, stderr);
  const dumped = join(folder, "dumped");
  await restic.run("dump", "--target", dumped, "latest", "/stream");
  assert.ok((await readFile(dumped)).equals(content));
  const again = await backUp(store, ["file"], { workingFolder: folder });
  assert.equal(again.snapshot.summary?.dataBlobs, 0, "a file of that content is cut in other places");
});

const EXCLUDES: readonly (readonly [what: string, ours: Partial<ExcludeRules>, theirs: readonly string[]])[] = [
  ["names", { patterns: [byteStringOf("*.tmp"), byteStringOf("!keep.tmp")] }, ["--exclude", "*.tmp", "--exclude", "!keep.tmp"]],
  ["paths", { patterns: [byteStringOf("a/**/c"), byteStringOf("/b")] }, ["--exclude", "a/**/c", "--exclude", "/b"]],
  ["names in any case", { patternsIgnoringCase: [byteStringOf("*.TMP")] }, ["--iexclude", "*.TMP"]],
  ["caches", { marks: [CACHE_FOLDER] }, ["--exclude-caches"]],
  ["marked folders", { marks: [{ fileName: byteStringOf("mark"), header: byteStringOf("") }] }, ["--exclude-if-present", "mark"]],
  ["marks that begin so", { marks: [{ fileName: byteStringOf("mark"), header: byteStringOf("no") }] }, ["--exclude-if-present", "mark:no"]],
  ["large files", { largerThanBytes: 100 }, ["--exclude-larger-than", "100b"]],
];

test("Holdfast leaves out what restic leaves out", async (t) => {
  const { store, source, restic } = await setting(t);
  await restic.run("init");
  await cheapenKeys(store, PASSWORD);
  const files: Readonly<Record<string, string>> = {
    "a/b/c/file": "",
    "a/c/file": "",
    "a/x.tmp": "",
    "a/keep.tmp": "",
    "b/y.Tmp": "",
    "cache/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n",
    "cache/data": "data",
    "no cache/CACHEDIR.TAG": "Signature",
    "no cache/data": "data",
    "marked/mark": "not this",
    "marked/folder/data": "",
    "other mark/mark": "yes",
    "other mark/data": "data",
    "large/100": "x".repeat(100),
    "large/101": "x".repeat(101),
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(source, name, ".."), { recursive: true });
    await writeFile(join(source, name), content);
  }
  // Of these a tag can be none.
  await mkdir(join(source, "folder as tag/CACHEDIR.TAG"), { recursive: true });
  await writeFile(join(source, "folder as tag/data"), "data");
  for (const [, ours, theirs] of EXCLUDES) {
    await restic.runIn(source, "backup", ...theirs, ".");
    await backUp(store, ["."], { workingFolder: source, excludes: ours, withParent: false });
  }
  const trees = await treesOf(restic);
  for (const [at, [what]] of EXCLUDES.entries()) assert.equal(trees[2 * at + 1], trees[2 * at], what);
  assert.equal(new Set(trees).size, EXCLUDES.length);
});

test("Holdfast keeps to one file system as restic does", { skip: process.getuid?.() !== 0 && "only root can mount" }, async (t) => {
  const { store, source, restored, restic } = await setting(t);
  await restic.run("init");
  await cheapenKeys(store, PASSWORD);
  await mkdir(join(source, "mounted"), { recursive: true });
  await writeFile(join(source, "file"), "file");
  await writeFile(join(source, "bound"), "");
  await using mounts = new AsyncDisposableStack();
  const mount = async (...args: readonly string[]): Promise<void> => {
    const { exitCode, stderr } = await runProgram("mount", args);
    assert.equal(exitCode, 0, stderr);
    mounts.defer(async () => void (await runProgram("umount", [args.at(-1) ?? ""])));
  };
  await mount("-t", "tmpfs", "-o", "size=1m", "holdfast-test", join(source, "mounted"));
  await writeFile(join(source, "mounted/inside"), "inside");
  await mkdir(join(source, "mounted/folder"));
  await mount("--bind", join(source, "mounted/inside"), join(source, "bound"));

  const named = [["."], ["mounted"], ["mounted/folder", "file"], [".", "mounted"]] as const;
  for (const paths of named) {
    await restic.runIn(source, "backup", "--one-file-system", ...paths);
    await backUp(store, paths, { workingFolder: source, excludes: { oneFileSystem: true }, withParent: false });
  }
  const trees = await treesOf(restic);
  for (const [at, paths] of named.entries()) assert.equal(trees[2 * at + 1], trees[2 * at], paths.join(" "));
  const whole = await backUp(store, ["."], { workingFolder: source, excludes: { oneFileSystem: true } });
  await restic.run("restore", whole.id, "--target", restored);
  assert.deepEqual((await readdir(restored)).toSorted(), ["file", "mounted"]);
  assert.deepEqual(await readdir(join(restored, "mounted")), []);
});

test("restic finds what Holdfast wrote to be as long as its own", async (t) => {
  const { store, repository, source, restic } = await setting(t);
  await mkdir(source);
  await writeFile(join(source, "noise"), noise(40_000_000, 6));
  await newRepository(store);
  await backUp(store, ["."], { workingFolder: source });
  const { total_size: total } = JSON.parse(await restic.run("stats", "--json", "--mode", "raw-data")) as { total_size: number };
  const packs = await readdir(join(repository, "data"), { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    packs.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  const stored = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(stored > total && stored < total * 1.001, `${stored} bytes for blobs of ${total}`);
});

async function assertWhole(store: FileStore, password = PASSWORD): Promise<void> {
  const signal = new AbortController().signal;
  const report = (): void => undefined;
  const repository = await openRepository(store, { kind: "password", password });
  await using session = await openSession(repository, { lock: "shared", clock: systemClock, report, signal });
  const { ok, findings } = await checkRepository(session, { readData: { kind: "all" }, clock: systemClock, report, progress: report });
  assert.deepEqual([ok, findings.filter(({ grade }) => grade !== "info")], [true, []]);
}

function streamBackup(store: FileStore): string[] {
  return [join(import.meta.dirname, "../support/backup-process.ts"), JSON.stringify({ url: store.url, stream: "stream" })];
}

/** Of all snapshots, the oldest first. */
async function treesOf(restic: Restic): Promise<string[]> {
  const snapshots = JSON.parse(await restic.run("snapshots", "--json")) as { readonly time: string; readonly tree: string }[];
  return snapshots.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time)).map(({ tree }) => tree);
}
