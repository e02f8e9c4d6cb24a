/** What runs in the pod of a mover, without a cluster. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { byteStringOf } from "../../src/base/byte-string.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import type { HexId } from "../../src/base/ids.ts";
import { parseAnswer } from "../../src/mover/answer.ts";
import { parseLine } from "../../src/mover/lines.ts";
import { runMover } from "../../src/mover/pod/run-mover.ts";
import { type MoverLine, type MoverSuccess, type MoverWork, WORK_FORMAT } from "../../src/mover/work.ts";
import { fileCalls } from "../../src/native/files.ts";
import { lockBody } from "../../src/repository/lock-keeper.ts";
import { ownIdentity } from "../../src/repository/lock-process.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { FileStore } from "../../src/storage/file.ts";
import { newRepository, PASSWORD } from "../support/backup.ts";
import { assertSameBytes, attachDisk, makeImage, SKIP_WITHOUT_DISKS } from "../support/disk.ts";
import { environment } from "../support/environment.ts";
import { assertSameTree, makeEverything, noise } from "../support/file-tree.ts";

const CLAIM = "7b0b9d6e-3f3a-4c55-9a3b-0a2a2c4b9e11";
const skip = process.getuid?.() !== 0 && "only root can give files to others";

/** Tells how it goes more often than a mover does, whose log is kept. */
const RESTLESS: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() * 50 };

interface World {
  readonly folder: string;
  readonly repository: string;
  readonly repositoryId: HexId;
  readonly lostPods?: readonly string[];
}

interface Moved {
  readonly exitCode: number;
  readonly answer: ReturnType<typeof parseAnswer>;
  readonly lines: readonly MoverLine[];
}

interface MoveOptions {
  readonly volume?: string;
  readonly device?: string;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: MoverLine) => void;
}

async function openWorld(t: TestContext): Promise<World> {
  const folder = await environment(t).temporaryFolder();
  const repository = join(folder, "repository");
  await mkdir(repository);
  const { config } = await newRepository(new FileStore(repository, systemClock));
  return { folder, repository, repositoryId: config.id };
}

async function move(world: World, work: MoverWork, options: MoveOptions = {}): Promise<Moved> {
  const { folder, repository, repositoryId, lostPods } = world;
  const secretFolder = join(folder, "secret");
  await mkdir(secretFolder, { recursive: true });
  await writeFile(join(secretFolder, "work.json"), JSON.stringify({ format: WORK_FORMAT, repository, repositoryId, lostPods, work }));
  await writeFile(join(secretFolder, "password"), PASSWORD);
  const answerFile = join(folder, "answer");
  const lines: MoverLine[] = [];
  const exitCode = await runMover({
    places: { secretFolder, volumeFolder: options.volume ?? "", device: options.device ?? "", answerFile },
    clock: RESTLESS,
    environment: {},
    write: (text) => {
      const line = parseLine(text) ?? assert.fail(text);
      lines.push(line);
      options.onLine?.(line);
    },
    signal: options.signal ?? new AbortController().signal,
  });
  return { exitCode, answer: parseAnswer(await readFile(answerFile, "utf8")), lines };
}

function succeeded({ exitCode, answer }: Moved): MoverSuccess {
  if (answer instanceof Error) throw answer;
  assert.equal(exitCode, 0);
  return answer ?? assert.fail("no answer");
}

function backUp(tree?: HexId): MoverWork {
  return {
    kind: "back-up",
    mode: "Filesystem",
    claimUid: CLAIM,
    parent: tree && { tree, timeMs: systemClock.now() + 10_000 },
  };
}

test("a volume comes back with all that files can have, and its root folder with its own attributes", { skip }, async (t) => {
  const world = await openWorld(t);
  const [source, target] = [join(world.folder, "source"), join(world.folder, "target")];
  mkdirSync(source);
  mkdirSync(target);
  makeEverything(source);
  mkdirSync(join(source, "lost+found"), 0o700);
  mkdirSync(join(target, "lost+found"), 0o700);
  chownSync(source, 999, 998);
  chmodSync(source, 0o2700);
  fileCalls().setXattr(byteStringOf(source), byteStringOf("user.root"), Buffer.from("yes"));
  fileCalls().setTimes(byteStringOf(source), 1_600_000_000_123_456_789n, 1_600_000_000_123_456_789n);

  const { tree, root, findings } = succeeded(await move(world, backUp(), { volume: source }));
  assert.ok(tree !== undefined && root !== undefined);
  assert.equal(findings, 0);
  succeeded(await move(world, { kind: "fill", mode: "Filesystem", tree, root, verify: true }, { volume: target }));
  assertSameTree(target, source);
  const rootOf = (path: string): readonly unknown[] => {
    const { uid, gid, mode, mtimeNs } = lstatSync(path, { bigint: true });
    return [uid, gid, mode, mtimeNs, fileCalls().getXattr(byteStringOf(path), byteStringOf("user.root"))];
  };
  assert.deepEqual(rootOf(target), rootOf(source));

  const again = succeeded(await move(world, backUp(tree), { volume: source }));
  assert.deepEqual([again.tree, again.root, again.storedBytes], [tree, root, 0]);
});

test("a mover that is told to end names what it has stored, and the next one goes on from there", async (t) => {
  const world = await openWorld(t);
  const source = join(world.folder, "source");
  mkdirSync(source);
  for (let i = 0; i < 400; i++) writeFileSync(join(source, `file${i}`), noise(400_000, i));
  const stop = new AbortController();
  const stopped = await move(world, backUp(), {
    volume: source,
    signal: stop.signal,
    onLine: (line) => {
      if ("progress" in line && line.progress.doneBytes > 20_000_000) stop.abort();
    },
  });
  if (!(stopped.answer instanceof Error)) {
    t.skip("this machine is too fast to be stopped half way");
    return;
  }
  assert.deepEqual([stopped.exitCode, stopped.answer.kind], [130, "cancelled"]);
  const { storedBytes, tree } = succeeded(await move(world, backUp(), { volume: source }));
  assert.ok(storedBytes < 400 * 400_000 - 10_000_000, `${storedBytes} bytes stored again`);

  assert.ok(tree !== undefined);
  const target = join(world.folder, "target");
  mkdirSync(target);
  const fill = { kind: "fill", mode: "Filesystem", tree, verify: true } as const;
  const again = new AbortController();
  const cut = await move(world, fill, {
    volume: target,
    signal: again.signal,
    onLine: (line) => {
      if ("progress" in line && line.progress.doneBytes > 20_000_000) again.abort();
    },
  });
  if (cut.answer instanceof Error) assert.deepEqual([cut.exitCode, cut.answer.kind], [130, "cancelled"]);
  succeeded(await move(world, { ...fill, isBegun: true }, { volume: target }));
  assertSameTree(target, source);
});

test("a mover removes the locks of those that were lost before it, and of nobody else", async (t) => {
  const world = await openWorld(t);
  const source = join(world.folder, "source");
  mkdirSync(source);
  const { files } = await openRepository(new FileStore(world.repository, systemClock), { kind: "password", password: PASSWORD });
  const lockOf = async (host: string): Promise<HexId> => files.save("locks", lockBody(await ownIdentity(host), false, systemClock.now()));
  const [, living] = [await lockOf("mover-1-abcde"), await lockOf("mover-2-abcde")];
  succeeded(await move({ ...world, lostPods: ["mover-1-abcde"] }, backUp(), { volume: source }));
  assert.deepEqual(await Array.fromAsync(files.list("locks"), ({ id }) => id), [living]);
});

test("a volume with something in it is refused, unless it was begun by a mover of the same task", async (t) => {
  const world = await openWorld(t);
  const [source, target] = [join(world.folder, "source"), join(world.folder, "target")];
  for (const path of [source, target]) mkdirSync(path);
  writeFileSync(join(source, "file"), "right");
  writeFileSync(join(target, "file"), "wrong, and longer");
  const { tree } = succeeded(await move(world, backUp(), { volume: source }));
  assert.ok(tree !== undefined);
  const fill = { kind: "fill", mode: "Filesystem", tree, verify: true } as const;
  const { answer, exitCode } = await move(world, fill, { volume: target });
  assert.ok(answer instanceof Error);
  assert.deepEqual([answer.code, exitCode], ["volume_not_empty", 6]);
  assert.equal(await readFile(join(target, "file"), "utf8"), "wrong, and longer");
  succeeded(await move(world, { ...fill, isBegun: true }, { volume: target }));
  assertSameTree(target, source);
});

test("a device comes back byte by byte, and onto an empty one only", { skip: SKIP_WITHOUT_DISKS }, async (t) => {
  const world = await openWorld(t);
  const bytes = 24 << 20;
  const [from, to] = [join(world.folder, "from"), join(world.folder, "to")];
  await makeImage(from, bytes, 1, [
    { at: 0, bytes: 3_000_000 },
    { at: 20_000_000, bytes: 1_000_000 },
  ]);
  await makeImage(to, bytes, 1, []);
  const [source, target] = [await attachDisk(t, from), await attachDisk(t, to)];
  const { tree, root } = succeeded(
    await move(world, { kind: "back-up", mode: "Block", claimUid: CLAIM, parent: undefined }, { device: source }),
  );
  assert.ok(tree !== undefined);
  assert.equal(root, undefined);
  const fill = { kind: "fill", mode: "Block", tree, verify: true } as const;
  succeeded(await move(world, fill, { device: target }));
  await assertSameBytes(target, source, bytes);
  const { answer } = await move(world, fill, { device: target });
  assert.ok(answer instanceof Error);
  assert.equal(answer.code, "volume_not_empty");
  succeeded(await move(world, { ...fill, isBegun: true }, { device: target }));
});

test("a probe writes where that is wanted, and tells another repository, none, and a format that is not known", async (t) => {
  const world = await openWorld(t);
  const other = await openWorld(t);
  succeeded(await move(world, { kind: "probe", writes: true }));
  const codeOf = async (changed: World, work: MoverWork): Promise<unknown> => {
    const { answer } = await move(changed, work);
    return answer instanceof Error ? answer.code : answer;
  };
  assert.equal(await codeOf({ ...world, repository: other.repository }, { kind: "probe", writes: false }), "other_repository");
  assert.equal(
    await codeOf({ ...world, repository: join(world.folder, "none") }, { kind: "probe", writes: false }),
    "repository_not_found",
  );
  assert.equal(await codeOf(world, { kind: "dance" } as unknown as MoverWork), "mover_work");
});
