/** Disks and their images for tests. */
import assert from "node:assert/strict";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { TestContext } from "node:test";
import { noise } from "./file-tree.ts";
import { runProgram } from "./program.ts";

export const SKIP_WITHOUT_DISKS: string | false = process.getuid?.() !== 0 && "only root can attach loop devices";

export interface Written {
  readonly at: number;
  readonly bytes: number;
}

/** Writes noise into a file, which is made if it is not there, or onto a device, in such a way that everybody sees it. */
export async function writeNoise(path: string, seed: number, ranges: readonly Written[]): Promise<void> {
  await using file = await open(path, constants.O_RDWR | constants.O_CREAT);
  for (const [number, { at, bytes }] of ranges.entries()) await file.write(noise(bytes, seed + number), 0, bytes, at);
  await file.sync();
}

/** A sparse file with some noise. */
export async function makeImage(path: string, bytes: number, seed: number, ranges: readonly Written[]): Promise<void> {
  await writeNoise(path, seed, ranges);
  await using file = await open(path, "r+");
  await file.truncate(bytes);
}

/** A block device over a file, until the test ends. */
export async function attachDisk(t: TestContext, file: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram("losetup", ["--find", "--show", "--direct-io=on", file]);
  assert.equal(exitCode, 0, stderr);
  const device = stdout.trim();
  t.after(async () => runProgram("losetup", ["--detach", device]));
  return device;
}

/** As far as the first of them goes. */
export async function assertSameBytes(actual: string, expected: string, bytes: number): Promise<void> {
  const { exitCode, stdout, stderr } = await runProgram("cmp", ["--bytes", String(bytes), actual, expected]);
  assert.equal(exitCode, 0, `${stdout}${stderr}`);
}
