/**
 * A process that does one backup, to be killed, refused files, or fed through a pipe:
 * `node backup-process.ts '{"url": …, "paths": […]}'` prints what came of it as JSON.
 */
import { byteStringOf } from "../../src/base/byte-string.ts";
import { retry } from "../../src/base/retry.ts";
import { systemClock } from "../../src/base/clock.ts";
import { openStore } from "../../src/storage/open.ts";
import { openS3Store } from "../../src/storage/s3/store.ts";
import { parseS3Url } from "../../src/storage/s3/url.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";
import { retrying } from "../../src/storage/retrying.ts";
import { type BackUpOptions, backUp, shiftedClock } from "./backup.ts";
import { killing, type KillPlan } from "./killing-store.ts";
import { randomFaults } from "./random-faults.ts";

export interface BackupCommand {
  readonly url: string;
  readonly paths?: readonly string[];
  readonly workingFolder?: string;
  /** Standard input, as a file of that name. */
  readonly stream?: string;
  /** Of the faults that the store has; without it it has none. */
  readonly faultSeed?: number | undefined;
  readonly kill?: KillPlan | undefined;
  readonly settings?: Pick<BackUpOptions, "packBytes" | "checkpointInterval"> | undefined;
  /** By how much its clock is ahead, as if what is there had been there for long. */
  readonly aheadMs?: number | undefined;
}

export interface BackupReport {
  readonly id: string;
  readonly findings: readonly { readonly code: string; readonly object: string; readonly grade: string }[];
  /** Of the store. */
  readonly calls: number;
  /** Of files, whose content was not taken from an earlier run. */
  readonly filesRead: number;
}

/** So long a request may hang. */
const IDLE_MS = 500;

const {
  url,
  paths = [],
  workingFolder = "/",
  stream,
  faultSeed,
  kill,
  settings,
  aheadMs = 0,
} = JSON.parse(process.argv[2] ?? "") as BackupCommand;
const retries = { clock: systemClock, maxAttempts: 20, maxElapsedMs: 60_000, firstDelayMs: 2, maxDelayMs: 50 };
const open = (): Promise<ObjectStore> => {
  const options = { clock: systemClock, environment: process.env };
  return url.startsWith("s3:")
    ? openS3Store(parseS3Url(url, process.env), { ...options, idleTimeoutMs: IDLE_MS })
    : openStore(url, options);
};
await using store = await retry(open, retries);
const failing = faultSeed === undefined ? store : randomFaults(store, faultSeed);
const { store: counted, calls } = killing(failing, kill);
const patient = retrying(counted, retries);
const nowNs = BigInt(systemClock.now()) * 1_000_000n;
const source = stream === undefined ? {} : { source: { kind: "stream", fd: 0, name: byteStringOf(stream), nowNs } as const };
const options = { workingFolder, clock: shiftedClock(aheadMs), ...settings, ...source };
const { id, findings, snapshot } = await backUp(patient, paths, options);
const { filesNew = 0, filesChanged = 0 } = snapshot.summary ?? {};
process.stdout.write(JSON.stringify({ id, findings, calls: calls(), filesRead: filesNew + filesChanged } satisfies BackupReport));
