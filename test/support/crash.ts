/** Backups that are killed, one after the other, and what must hold after each: everything is drawn from one seed. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeTree } from "../../src/repository/format/tree/decode.ts";
import type { HexId } from "../../src/base/ids.ts";
import type { MasterKey } from "../../src/repository/format/cipher.ts";
import type { BackupCommand, BackupReport } from "./backup-process.ts";
import { noise } from "./file-tree.ts";
import type { KillPlan } from "./killing-store.ts";
import { type PlainRepository, readRepository } from "./plain-repository.ts";
import { runProgram } from "./program.ts";
import { seededRandom } from "./random-faults.ts";

export interface CrashSetting {
  /** Of the repository, as its backups know it. */
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where its objects lie as files. */
  readonly objects: string;
  readonly masterKey: MasterKey;
  /** A folder to be filled and changed. */
  readonly source: string;
  readonly seed: number;
  readonly kills: number;
  /** Whether the store is made to fail as well. */
  readonly withFaults: boolean;
}

const MOMENTS = ["before", "during", "after"] as const;
const SMALL_FILES = 40;
/** Packs and checkpoints come so often that there are many to be killed between. */
const SETTINGS: BackupCommand["settings"] = { packBytes: 1_000_000, checkpointInterval: { ms: 1e9, blobs: 4 } };
/** More than a pack, so that there are several. */
const LARGE_BYTES = 20_000_000;

/** @returns how many of the backups came to their end before they were killed */
export async function killBackups(setting: CrashSetting): Promise<number> {
  const { seed, kills, source } = setting;
  const random = seededRandom(seed);
  const draw = (below: number): number => Math.floor(random() * below);
  const faultSeed = (): number | undefined => (setting.withFaults ? draw(2 ** 32) : undefined);
  await change(source, draw, true);
  let { calls } = await finishBackup(setting, faultSeed());
  const trees = new Map<string, HexId>();
  let unharmed = 0;
  for (let kill = 0; kill < kills; kill++) {
    await change(source, draw, draw(3) === 0);
    const plan: KillPlan = { call: 1 + draw(calls), moment: MOMENTS[draw(MOMENTS.length)] ?? "before" };
    const report = await runBackup(setting, { faultSeed: faultSeed(), kill: plan, settings: SETTINGS });
    if (report !== undefined) unharmed++;
    assertWhole(await readRepository(setting.objects, setting.masterKey), trees);
    if (kill % 2 === 1) ({ calls } = await finishBackup(setting, faultSeed()));
  }
  await finishBackup(setting, faultSeed());
  assertWhole(await readRepository(setting.objects, setting.masterKey), trees);
  return unharmed;
}

async function finishBackup(setting: CrashSetting, faultSeed: number | undefined): Promise<BackupReport> {
  return (await runBackup(setting, { faultSeed, settings: SETTINGS })) ?? assert.fail("a backup that nobody killed did not end well");
}

/** undefined: it was killed. */
export async function runBackup(
  { url, environment, source }: Pick<CrashSetting, "url" | "environment" | "source">,
  command: Pick<BackupCommand, "faultSeed" | "kill" | "settings" | "aheadMs">,
): Promise<BackupReport | undefined> {
  const whole: BackupCommand = { url, paths: ["."], workingFolder: source, ...command };
  const { exitCode, stdout, stderr } = await runProgram(
    process.execPath,
    [join(import.meta.dirname, "backup-process.ts"), JSON.stringify(whole)],
    { env: { PATH: process.env["PATH"] ?? "", NODE_NO_WARNINGS: "1", ...environment } },
  );
  if (exitCode === 0) return JSON.parse(stdout) as BackupReport;
  assert.equal(exitCode, -1, stderr);
  return undefined;
}

/**
 * Earlier snapshots are there with every blob, and so are all that came since, and what resume records name; readRepository() has hashed
 * them all.
 */
function assertWhole({ snapshots, blobs, indexed, resumeRecords }: PlainRepository, trees: Map<string, HexId>): void {
  for (const id of trees.keys()) assert.ok(snapshots.has(id), `snapshot ${id} is gone`);
  const seen = new Set<string>();
  const visit = (tree: HexId): void => {
    if (seen.has(tree)) return;
    seen.add(tree);
    assert.ok(indexed.has(`tree ${tree}`), `tree ${tree} is in no index`);
    for (const { name, content = [], subtree } of decodeTree(blobs.get(`tree ${tree}`) ?? assert.fail(`tree ${tree} is missing`))) {
      for (const id of content) assert.ok(indexed.has(`data ${id}`), `blob ${id} of "${name}" is in no index`);
      if (subtree !== undefined) visit(subtree);
    }
  };
  for (const [id, { tree }] of snapshots) {
    visit(tree);
    trees.set(id, tree);
  }
  for (const { tree } of resumeRecords) visit(tree);
}

async function change(source: string, draw: (below: number) => number, everything: boolean): Promise<void> {
  if (everything) {
    await rm(source, { recursive: true, force: true });
    await mkdir(source);
    await writeFile(join(source, "large"), noise(LARGE_BYTES, draw(2 ** 30)));
  }
  for (let file = 0; file < SMALL_FILES; file++) {
    if (!everything && draw(4) > 0) continue;
    const folder = join(source, `folder${file % 5}`, `deeper${file % 3}`);
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, `file${file}`),
      createHash("sha256")
        .update(`${draw(2 ** 32)}`)
        .digest("hex")
        .repeat(draw(2_000)),
    );
  }
}
