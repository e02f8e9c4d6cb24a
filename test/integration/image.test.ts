/** Disks and images of them: stored, compared, and brought back onto devices and into files. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { chmod, mkdir, open, readdir, readFile, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { imageSource } from "../../src/archive/backup/targets.ts";
import type { ByteRange } from "../../src/archive/backup/source.ts";
import { systemClock } from "../../src/base/clock.ts";
import { ffiFileCalls } from "../../src/native/ffi-files.ts";
import { nodeFileCalls } from "../../src/native/node-files.ts";
import { FileStore } from "../../src/storage/file.ts";
import { type BackedUp, backUp, newRepository, PASSWORD } from "../support/backup.ts";
import { openCli, PROGRAM } from "../support/cli.ts";
import { assertSameBytes, attachDisk, makeImage, SKIP_WITHOUT_DISKS, writeNoise } from "../support/disk.ts";
import type { CommandResult } from "../support/program.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** Of st_blocks. */
const BLOCK_BYTES = 512;

interface Setting {
  readonly folder: string;
  readonly repository: string;
  readonly holdfast: (...args: readonly string[]) => Promise<CommandResult>;
}

async function setting(t: TestContext): Promise<Setting> {
  const cli = await openCli(t);
  const [repository, key] = [join(cli.folder, "repository"), join(cli.folder, "key")];
  output(await cli.run("repository", "init", "--repository", repository, "--key-out", key));
  return { folder: cli.folder, repository, holdfast: (...args) => cli.run(...args, "--repository", repository, "--password-file", key) };
}

function output(result: CommandResult): string {
  assert.equal(result.exitCode, 0, result.stderr);
  return result.stdout;
}

async function summary(result: Promise<CommandResult>): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(output(await result)) as Readonly<Record<string, unknown>>;
}

function assertRefused({ exitCode, stderr }: CommandResult, expected: { readonly exitCode: number; readonly says: RegExp }): void {
  assert.equal(exitCode, expected.exitCode, stderr);
  assert.match(stderr, expected.says);
}

async function takenBytes(path: string): Promise<number> {
  return (await stat(path)).blocks * BLOCK_BYTES;
}

test("a disk is stored in parts, again only what changed, and comes back on another disk", { skip: SKIP_WITHOUT_DISKS }, async (t) => {
  const { folder, holdfast } = await setting(t);
  const bytes = GIB + 32 * MIB;
  await makeImage(join(folder, "disk"), bytes, 1, [
    { at: 10 * MIB, bytes: 8 * MIB },
    { at: GIB + 5_000_000, bytes: 4 * MIB },
  ]);
  const disk = await attachDisk(t, join(folder, "disk"));
  const first = await summary(holdfast("files", "backup", "--image", disk, "-o", "json"));
  assert.deepEqual([first["filesNew"], first["bytesProcessed"], first["findings"]], [3, bytes + 81, []]);
  assert.deepEqual(
    output(await holdfast("files", "show", `latest:${disk}`, "--recursive"))
      .trimEnd()
      .split("\n"),
    [
      `${disk}/image`,
      `${disk}/image/000000`,
      `${disk}/image/000000/000000`,
      `${disk}/image/000001`,
      `${disk}/image/000001/000001`,
      `${disk}/manifest.json`,
    ],
  );

  await writeNoise(disk, 7, [{ at: 300 * MIB + 4096, bytes: 10 * MIB }]);
  const second = await summary(holdfast("files", "backup", "--image", disk, "-o", "json"));
  assert.deepEqual([second["filesNew"], second["filesChanged"], second["filesUnmodified"]], [0, 1, 2]);
  // The part's folder, the folder of all parts, and the three above.
  assert.deepEqual([second["foldersNew"], second["foldersChanged"], second["foldersUnmodified"]], [0, 5, 1]);
  assert.ok(Number(second["bytesStored"]) > 10 * MIB && Number(second["bytesStored"]) < 14 * MIB);
  const third = await summary(holdfast("files", "backup", "--image", disk, "-o", "json"));
  assert.deepEqual([third["filesUnmodified"], third["foldersUnmodified"], third["tree"], third["bytesStored"]], [3, 6, second["tree"], 0]);

  await makeImage(join(folder, "other"), bytes + 50 * MIB, 20, [
    { at: 0, bytes: MIB },
    { at: 600 * MIB + 1_000, bytes: 2 * MIB },
    { at: bytes, bytes: MIB },
  ]);
  const other = await attachDisk(t, join(folder, "other"));
  const restored = await summary(
    holdfast("files", "restore", "latest", "--image", other, "--overwrite", "always", "--verify", "-o", "json"),
  );
  assert.deepEqual([restored["bytes"], restored["parts"], restored["verified"]], [bytes, 2, true]);
  await assertSameBytes(other, disk, bytes);
  const behind = await open(other, "r");
  t.after(async () => behind.close());
  const kept = await behind.read(Buffer.alloc(MIB), 0, MIB, bytes);
  assert.ok(
    kept.buffer.some((byte) => byte !== 0),
    "what lies behind the image is not touched",
  );
  assert.ok((await takenBytes(join(folder, "other"))) < 40 * MIB, "zeros take up no room");
  assert.match(output(await holdfast("repository", "check", "--read-data")), /No damage/);
});

test("lengthOf() gives the bytes of a disk, with plain Node too", { skip: SKIP_WITHOUT_DISKS }, async (t) => {
  const { folder } = await setting(t);
  await makeImage(join(folder, "disk"), 5 * MIB, 1, []);
  await using disk = await open(await attachDisk(t, join(folder, "disk")));
  assert.deepEqual([ffiFileCalls().lengthOf(disk.fd), nodeFileCalls().lengthOf(disk.fd)], [5 * MIB, 5 * MIB]);
});

test("a disk is not written to if it is too small, in use or not blank", { skip: SKIP_WITHOUT_DISKS }, async (t) => {
  const { folder, holdfast } = await setting(t);
  const [image, disk] = [join(folder, "image"), join(folder, "disk")];
  await makeImage(image, 40 * MIB, 1, [{ at: 3 * MIB, bytes: 5 * MIB }]);
  output(await holdfast("files", "backup", "--image", image));
  const restore = (...args: string[]): Promise<CommandResult> => holdfast("files", "restore", "latest", ...args);

  await makeImage(join(folder, "small"), 39 * MIB, 1, []);
  const small = await attachDisk(t, join(folder, "small"));
  assertRefused(await restore("--image", small, "--overwrite", "always"), {
    exitCode: 6,
    says: /: it has 40894464 bytes, and the image has 41943040$/m,
  });
  assert.equal(await takenBytes(join(folder, "small")), 0);

  await makeImage(disk, 41 * MIB, 1, [{ at: 41 * MIB - 512, bytes: 512 }]);
  const before = await readFile(disk);
  const device = await attachDisk(t, disk);
  assertRefused(await restore("--image", device), { exitCode: 6, says: /: there is something on it\n {2}hint: Use "--overwrite always"/ });
  const holder = await open(device, constants.O_RDONLY | constants.O_EXCL);
  for (const more of [[], ["--dry-run"]]) {
    const refused = await restore("--image", device, "--overwrite", "always", ...more);
    assertRefused(refused, { exitCode: 6, says: /: it is mounted or otherwise in use$/m });
  }
  const live = await summary(holdfast("files", "backup", "--image", device, "-o", "json"));
  assert.match(JSON.stringify(live["findings"]), /"grade":"info","code":"image_in_use"/);
  await holder.close();
  assert.match(output(await restore("--image", device, "--overwrite", "always", "--dry-run")), /^Would restore the image/);
  assert.ok(before.equals(await readFile(disk)));
});

test("a disk that cannot be read in one place gives no snapshot", { skip: SKIP_WITHOUT_DISKS }, async (t) => {
  const { folder, holdfast } = await setting(t);
  const file = join(folder, "disk");
  await makeImage(file, 700 * MIB, 1, [{ at: 0, bytes: MIB }]);
  const disk = await attachDisk(t, file);
  // What lies behind the end of the file is an error of the disk.
  await truncate(file, 40 * MIB);
  const result = await holdfast("files", "backup", "--image", disk);
  assertRefused(result, {
    exitCode: 7,
    says: /^Cannot back up image ".*" between .* and .*, in part 000000: the disk cannot be read there$/m,
  });
  assert.equal(output(await holdfast("files", "list", "-o", "json")), "[]\n");
  assert.match(output(await holdfast("repository", "check")), /No damage/);
});

test("an image goes into a new file, with its holes, and for its owner alone", async (t) => {
  const { folder, holdfast } = await setting(t);
  const [image, copy] = [join(folder, "image"), join(folder, "copy")];
  const bytes = GIB + 3 * MIB + 5;
  await makeImage(image, bytes, 1, [
    { at: 0, bytes: 100_000 },
    { at: 700 * MIB + 4_321, bytes: 3 * MIB },
    { at: GIB - 10, bytes: 20 },
    { at: bytes - 1, bytes: 1 },
  ]);
  await symlink("image", join(folder, "link"));
  output(await holdfast("files", "backup", "--image", join(folder, "link")));
  output(await holdfast("files", "restore", `latest:${folder}/link`, "--image", copy, "--verify"));
  await assertSameBytes(copy, image, bytes);
  const { size, mode } = await stat(copy);
  assert.deepEqual([size, mode & 0o777], [bytes, 0o600]);
  assert.ok((await takenBytes(copy)) <= (await takenBytes(image)) + MIB);
  assert.deepEqual(await leftovers(folder), []);
});

test("a file in the image's place is kept until the image is whole, and only lost if that was said", async (t) => {
  const { folder, repository, holdfast } = await setting(t);
  const [image, place] = [join(folder, "image"), join(folder, "place")];
  await makeImage(image, 30 * MIB, 1, [{ at: 0, bytes: 20 * MIB }]);
  output(await holdfast("files", "backup", "--image", image));
  await writeFile(place, "precious");
  await chmod(place, 0o640);
  const restore = (...args: string[]): Promise<CommandResult> => holdfast("files", "restore", "latest", "--image", place, ...args);
  assertRefused(await restore(), { exitCode: 6, says: /: there is something on it$/m });
  assertRefused(await restore("--overwrite", "never"), { exitCode: 6, says: /: there is something on it$/m });
  assert.match(output(await restore("--overwrite", "always", "--dry-run")), /^Would restore the image .*\n30 MiB in 1 part$/m);

  const pack = await largestFile(join(repository, "data"));
  const whole = await readFile(pack);
  await chmod(pack, 0o600);
  await writeFile(pack, Buffer.from(whole).fill(0, 1_000_000, 1_000_010));
  assertRefused(await restore("--overwrite", "always"), { exitCode: 8, says: /^Cannot restore part "000000" of the image: /m });
  assert.equal(await readFile(place, "utf8"), "precious");
  await writeFile(pack, whole);

  output(await restore("--overwrite", "always"));
  await assertSameBytes(place, image, 30 * MIB);
  assert.equal((await stat(place)).mode & 0o777, 0o640);
  await writeFile(place, "");
  output(await restore());
  assert.deepEqual(await leftovers(folder), []);
});

test("what cannot be an image, or take one, is told", async (t) => {
  const { folder, holdfast } = await setting(t);
  const [image, empty] = [join(folder, "image"), join(folder, "empty")];
  await makeImage(image, MIB, 1, [{ at: 0, bytes: 1_000 }]);
  await writeFile(empty, "");
  await mkdir(join(folder, "sub"));
  const cases = [
    [["backup", "--image", join(folder, "none")], 5, /: it does not exist$/m],
    [["backup", "--image", folder], 2, /: it is neither a block device nor a file$/m],
    [["backup", "--image", "/dev/null"], 2, /: it is neither a block device nor a file$/m],
    [["backup", "--image", empty], 2, /: it is empty$/m],
    [["backup", "--image", image, folder], 2, /^Cannot back up paths and an image in one snapshot$/m],
    [["backup", "--image", image, "--stdin-name", "x"], 2, /^Cannot back up standard input and an image in one snapshot$/m],
  ] as const;
  for (const [args, exitCode, says] of cases) assertRefused(await holdfast("files", ...args), { exitCode, says });

  output(await holdfast("files", "backup", image));
  assertRefused(await holdfast("files", "restore", "latest:/", "--image", join(folder, "x")), {
    exitCode: 5,
    says: /: there is none at this place/,
  });
  output(await holdfast("files", "backup", "--image", image));
  const targets = [
    [["--image", join(folder, "none/x")], 5, /: its folder does not exist$/m],
    [["--image", join(folder, "sub")], 6, /: it is neither a block device nor a file$/m],
    [["--image", "/dev/null"], 6, /: it is neither a block device nor a file$/m],
    [["--image", join(folder, "x"), "--target", folder], 2, /^Cannot restore an image with --target: that is for files$/m],
    [["--image", join(folder, "x"), "--exclude", "x"], 2, /^Cannot restore an image with --exclude: that is for files$/m],
    [
      ["--image", join(folder, "x"), "--overwrite", "if-changed"],
      2,
      /^Cannot restore an image with --overwrite if-changed: that is for files$/m,
    ],
    [[], 2, /^Cannot restore: nothing says where to$/m],
  ] as const;
  for (const [args, exitCode, says] of targets) assertRefused(await holdfast("files", "restore", "latest", ...args), { exitCode, says });
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name === "x"),
    [],
  );
});

test("a restore into a file that is killed leaves nothing behind, and the next one brings the image back", async (t) => {
  const { folder, run: holdfast } = await openCli(t, { HOLDFAST_PASSWORD: PASSWORD });
  const [image, target] = [join(folder, "image"), join(folder, "restored/disk")];
  const repository = ["--repository", join(folder, "repository")];
  const bytes = 192 * MIB;
  await mkdir(dirname(target));
  await makeImage(image, bytes, 3, [{ at: 0, bytes }]);
  output(await holdfast("repository", "init", ...repository));
  output(await holdfast("files", "backup", "--image", image, ...repository));

  const restore = ["files", "restore", "latest", "--image", target, "--progress", "json", ...repository];
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, HOLDFAST_PASSWORD: PASSWORD };
  const child = spawn(PROGRAM, restore, { env, stdio: ["ignore", "ignore", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  const closed = once(child, "close");
  // Some of it is written by then.
  for await (const line of createInterface(child.stderr)) if (line.includes('"Restoring"')) child.kill("SIGKILL");
  assert.deepEqual(await closed, [null, "SIGKILL"]);
  assert.deepEqual(await readdir(dirname(target)), []);

  output(await holdfast(...restore, "--verify"));
  assert.deepEqual(await readdir(dirname(target)), ["disk"]);
  await assertSameBytes(target, image, bytes);
});

test("parts that nobody wrote to are taken from the parent without a look, as long as they are whole there", async (t) => {
  const { folder, run: holdfast } = await openCli(t, { HOLDFAST_PASSWORD: PASSWORD });
  const store = new FileStore(join(folder, "repository"), systemClock);
  await newRepository(store);
  const [image, copy] = [join(folder, "image"), join(folder, "copy")];
  const bytes = 2 * GIB + MIB;
  const manifest = 81;
  await makeImage(image, bytes, 1, [
    { at: 0, bytes: 2 * MIB },
    { at: GIB, bytes: 2 * MIB },
    { at: 2 * GIB, bytes: MIB },
  ]);
  const run = async (changed: readonly ByteRange[] | undefined): Promise<BackedUp> =>
    backUp(store, [image], { source: { ...imageSource(image, "/"), changed } });
  const counts = ({ snapshot }: BackedUp): unknown[] => [
    snapshot.summary?.filesUnmodified,
    snapshot.summary?.filesChanged,
    snapshot.summary?.totalBytesProcessed,
  ];
  await run(undefined);
  // Two parts change, and one is told of: if the other were read, it would show.
  await writeNoise(image, 40, [
    { at: 10 * MIB, bytes: MIB },
    { at: GIB + 10 * MIB, bytes: MIB },
  ]);
  const second = await run([{ from: GIB + 10 * MIB, to: GIB + 11 * MIB }]);
  assert.deepEqual(counts(second), [3, 1, bytes + manifest]);
  output(await holdfast("files", "restore", "latest", "--image", copy, "--repository", join(folder, "repository")));
  await assertSameBytes(copy, image, 10 * MIB);
  assert.ok((await readRange(copy, 10 * MIB, MIB)).every((byte) => byte === 0));
  assert.ok((await readRange(copy, GIB, 12 * MIB)).equals(await readRange(image, GIB, 12 * MIB)));

  assert.deepEqual(counts(await run([])), [4, 0, bytes + manifest]);
  assert.deepEqual(
    counts(await run([{ from: GIB - 1, to: GIB }])),
    [3, 1, bytes + manifest],
    "a range touches the part that its last byte lies in",
  );
  await truncate(image, bytes + 1);
  assert.deepEqual(counts(await run([])), [0, 0, bytes + 1 + manifest], "of another length, it is read");
});

async function readRange(path: string, at: number, bytes: number): Promise<Buffer> {
  await using file = await open(path);
  return (await file.read(Buffer.alloc(bytes), 0, bytes, at)).buffer;
}

async function largestFile(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = names.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const sized = await Promise.all(paths.map(async (path) => ({ path, size: (await stat(path)).size })));
  return sized.toSorted((a, b) => b.size - a.size)[0]?.path ?? assert.fail("no file");
}

async function leftovers(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith(".holdfast"));
}
