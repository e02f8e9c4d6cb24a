/** Volumes that are joined in one snapshot: files of two of them can have equal numbers, and must not be taken for one. */
import assert from "node:assert/strict";
import { link, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { folderSource } from "../../src/archive/backup/targets.ts";
import { NO_EXCLUDES } from "../../src/archive/backup/source.ts";
import { MadeFiles } from "../../src/archive/made-files.ts";
import { volumeIdOf } from "../../src/archive/volume.ts";
import { systemClock } from "../../src/base/clock.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { openSession } from "../../src/repository/session.ts";
import { saveSnapshot } from "../../src/repository/snapshots.ts";
import { FileStore } from "../../src/storage/file.ts";
import { backUp, newRepository, PASSWORD } from "../support/backup.ts";
import { environment } from "../support/environment.ts";
import { resticOn } from "../support/restic.ts";

test("two volumes whose hard links have equal device and file numbers come back as they were", async (t) => {
  const folder = await environment(t).temporaryFolder();
  const [repositoryFolder, volume, restored] = [join(folder, "repository"), join(folder, "volume"), join(folder, "restored")];
  const store = new FileStore(repositoryFolder, systemClock);
  await newRepository(store);
  await mkdir(volume);
  const trees = [];
  // The same file, written to in between, stands for two files with the same number on two file systems with the same number.
  for (const claim of ["one", "two"]) {
    await writeFile(join(volume, "a"), `content of ${claim}`);
    if (claim === "one") await link(join(volume, "a"), join(volume, "b"));
    const source = folderSource(volume, NO_EXCLUDES);
    const { snapshot } = await backUp(store, [], { source, withParent: false, volumeId: volumeIdOf(claim) });
    trees.push([claim, snapshot.tree] as const);
  }

  const repository = await openRepository(store, { kind: "password", password: PASSWORD });
  {
    await using session = await openSession(repository, {
      lock: "shared",
      clock: systemClock,
      report: () => undefined,
      signal: t.signal,
    });
    const files = new MadeFiles(session, systemClock);
    for (const [claim, stored] of trees) files.addTree(["volumes", claim], stored, { timeMs: 0 });
    const { tree } = await files.finish();
    const template = session.snapshots.at(-1)?.snapshot;
    assert.ok(template !== undefined);
    await saveSnapshot(repository, { ...template, tree, paths: ["/"], tags: ["stitched"] });
  }

  const program = await resticBinary(t.signal);
  const restic = resticOn({ program, repository: repositoryFolder, password: PASSWORD, signal: t.signal });
  await restic.run("check", "--read-data");
  await restic.run("restore", "latest", "--tag", "stitched", "--target", restored);
  for (const claim of ["one", "two"]) {
    const paths = ["a", "b"].map((name) => join(restored, "volumes", claim, name));
    for (const path of paths) assert.equal(await readFile(path, "utf8"), `content of ${claim}`);
    const [a, b] = await Promise.all(paths.map(async (path) => stat(path)));
    assert.deepEqual([a?.ino === b?.ino, a?.nlink], [true, 2], "the links within a volume are joined");
  }
});
