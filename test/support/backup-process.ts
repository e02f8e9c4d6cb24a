/**
 * A process that does one backup, to be killed, refused files, or fed through a pipe:
 * `node backup-process.ts '{"url": …, "paths": […]}'` prints what came of it as JSON.
 */
import { byteStringOf } from "../../src/base/byte-string.ts";
import { retry } from "../../src/base/retry.ts";
import { systemClock } from "../../src/base/clock.ts";
import { openStore } from "../../src/storage/open.ts";
import { retrying } from "../../src/storage/retrying.ts";
import { backUp } from "./backup.ts";
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
}

export interface BackupReport {
  readonly id: string;
  readonly findings: readonly { readonly code: string; readonly object: string; readonly grade: string }[];
  /** Of the store. */
  readonly calls: number;
}

const { url, paths = [], workingFolder = "/", stream, faultSeed, kill } = JSON.parse(process.argv[2] ?? "") as BackupCommand;
const retries = { clock: systemClock, maxAttempts: 20, maxElapsedMs: 60_000, firstDelayMs: 2, maxDelayMs: 50 };
await using store = await retry(() => openStore(url, { clock: systemClock, environment: process.env }), retries);
const failing = faultSeed === undefined ? store : randomFaults(store, faultSeed);
const { store: counted, calls } = killing(failing, kill);
const patient = retrying(counted, retries);
const nowNs = BigInt(systemClock.now()) * 1_000_000n;
const source = stream === undefined ? {} : { source: { kind: "stream", fd: 0, name: byteStringOf(stream), nowNs } as const };
const { id, findings } = await backUp(patient, paths, { workingFolder, ...source });
process.stdout.write(JSON.stringify({ id, findings, calls: calls() } satisfies BackupReport));
