/** Backups with the engine itself, without the command line. */
import { hostname } from "node:os";
import type { Clock } from "../../src/base/clock.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Finding } from "../../src/base/finding.ts";
import { backup } from "../../src/archive/backup/backup.ts";
import type { StoredSnapshot } from "../../src/repository/snapshots.ts";
import type { CheckpointInterval } from "../../src/archive/backup/checkpoints.ts";
import { type BackupSource, type ExcludeRules, NO_EXCLUDES } from "../../src/archive/backup/source.ts";
import { absolutePaths, treeSource } from "../../src/archive/backup/targets.ts";
import { readOwnerNames } from "../../src/archive/owner-names.ts";
import { newGearParameters } from "../../src/repository/chunker/gear.ts";
import type { VerifyWrites } from "../../src/repository/blob-packer.ts";
import type { ChunkerParameters } from "../../src/repository/format/chunker-parameters.ts";
import type { RepositoryVersion } from "../../src/repository/format/config.ts";
import { randomChunkerPolynomial } from "../../src/repository/format/polynomial.ts";
import { addKey } from "../../src/repository/keys.ts";
import { keyOfFile } from "../../src/repository/layout.ts";
import { newLocationKey } from "../../src/repository/secret.ts";
import { CHEAP_PARAMETERS } from "./cheap-keys.ts";
import { initRepository } from "../../src/repository/init.ts";
import { openRepository, type Repository } from "../../src/repository/repository.ts";
import { openSession } from "../../src/repository/session.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";

export const PASSWORD = "test";

export interface NewRepositoryOptions {
  readonly version?: RepositoryVersion;
  /** What is not the usual. */
  readonly chunker?: Partial<ChunkerParameters>;
}

export async function newRepository(store: ObjectStore, { version = 2, chunker = {} }: NewRepositoryOptions = {}): Promise<Repository> {
  const owner = { username: "test", hostname: "test" };
  const { masterKey, keyId } = await initRepository(store, {
    secret: newLocationKey(),
    owner,
    clock: systemClock,
    version,
    chunkerFrom: { chunker: { ...newGearParameters(), ...chunker }, chunkerPolynomial: randomChunkerPolynomial() },
  });
  await addKey(store, masterKey, { password: PASSWORD, parameters: CHEAP_PARAMETERS, owner }, systemClock);
  await store.delete(keyOfFile("keys", keyId));
  return openRepository(store, { kind: "password", password: PASSWORD });
}

export interface BackUpOptions {
  /** What relative paths are relative to. @default "/" */
  readonly workingFolder?: string;
  readonly excludes?: Partial<ExcludeRules>;
  /** Instead of paths. */
  readonly source?: BackupSource;
  /** Whether the last snapshot is the parent. @default true */
  readonly withParent?: boolean;
  readonly password?: string;
  readonly verify?: VerifyWrites;
  readonly readers?: number;
  readonly volumeId?: bigint;
  readonly packBytes?: number;
  readonly checkpointInterval?: CheckpointInterval;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

export interface BackedUp extends StoredSnapshot {
  readonly findings: readonly Finding[];
}

/** Opens the repository anew, as a command does, and backs up into it. */
export async function backUp(store: ObjectStore, paths: readonly string[], options: BackUpOptions = {}): Promise<BackedUp> {
  const { workingFolder = "/", excludes = {}, withParent = true, password = PASSWORD, verify = "sample", clock = systemClock } = options;
  const { source = await treeSource(paths, workingFolder, { ...NO_EXCLUDES, ...excludes }), readers, signal } = options;
  const findings: Finding[] = [];
  const report = (finding: Finding): void => void findings.push(finding);
  const repository = await openRepository(store, { kind: "password", password }, { signal });
  await using session = await openSession(repository, { lock: "shared", clock, report, signal: signal ?? new AbortController().signal });
  const result = await backup(session, {
    source,
    description: {
      paths: absolutePaths(paths, workingFolder),
      hostname: hostname(),
      username: "root",
      uid: 0,
      gid: 0,
      excludes: [],
      tags: [],
      programVersion: "holdfast test",
      otherFields: {},
    },
    parent: withParent ? session.snapshots.at(-1) : undefined,
    resume: withParent,
    packBytes: options.packBytes,
    checkpointInterval: options.checkpointInterval,
    style: { names: await readOwnerNames(), volumeId: options.volumeId },
    verify,
    readers,
    clock,
    report,
    progress: () => undefined,
  });
  return { ...result, findings };
}

/** The time of the system, and so much. */
export function shiftedClock(ms: number): Clock {
  return {
    now: () => systemClock.now() + ms,
    monotonicMs: () => systemClock.monotonicMs(),
    sleep: (duration, signal) => systemClock.sleep(duration, signal),
  };
}
