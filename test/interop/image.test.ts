/** Images of disks in the hands of restic. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { imageSource } from "../../src/archive/backup/targets.ts";
import { systemClock } from "../../src/base/clock.ts";
import { FileStore } from "../../src/storage/file.ts";
import { backUp, newRepository, PASSWORD } from "../support/backup.ts";
import { makeImage } from "../support/disk.ts";
import { environment } from "../support/environment.ts";
import { runProgram } from "../support/program.ts";
import { resticOn } from "../support/restic.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

test("restic checks an image of a disk, and restores its parts, which are the disk one behind the other", async (t) => {
  const folder = await environment(t).temporaryFolder();
  const [repository, disk, target] = [join(folder, "repository"), join(folder, "disk"), join(folder, "target")];
  const restic = resticOn({ program: await resticBinary(t.signal), repository, password: PASSWORD, signal: t.signal });
  const store = new FileStore(repository, systemClock);
  await newRepository(store);
  const bytes = GIB + 20 * MIB + 512;
  await makeImage(disk, bytes, 1, [
    { at: 5 * MIB, bytes: 3 * MIB },
    { at: GIB - MIB, bytes: 2 * MIB },
    { at: bytes - 512, bytes: 512 },
  ]);
  const { id } = await backUp(store, [disk], { source: imageSource(disk, "/") });
  await restic.run("check", "--read-data");
  await restic.run("restore", `${id}:${disk}`, "--target", target, "--sparse");
  const line = 'cat image/*/* | cmp - "$1" && grep --quiet holdfast-image manifest.json';
  const { exitCode, stdout, stderr } = await runProgram("sh", ["-c", line, "sh", disk], { cwd: target });
  assert.equal(exitCode, 0, `${stdout}${stderr}`);
  const sizes = await runProgram("stat", ["--format=%n %s", "image/000000/000000", "image/000001/000001"], { cwd: target });
  assert.equal(sizes.stdout, `image/000000/000000 ${GIB}\nimage/000001/000001 ${bytes - GIB}\n`);
});
