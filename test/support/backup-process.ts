/**
 * A process that does one backup, to be killed, refused files, or fed through a pipe:
 * `node backup-process.ts '{"url": …, "paths": […]}'` prints what came of it as JSON.
 */
import { systemClock } from "../../src/base/clock.ts";
import { byteStringOf } from "../../src/base/byte-string.ts";
import { retrying } from "../../src/storage/retrying.ts";
import { openStore } from "../../src/storage/open.ts";
import { backUp } from "./backup.ts";
import { randomFaults } from "./random-faults.ts";

export interface BackupCommand {
  readonly url: string;
  readonly paths?: readonly string[];
  readonly workingFolder?: string;
  /** Standard input, as a file of that name. */
  readonly stream?: string;
  /** Of the faults that the store has; without it it has none. */
  readonly faultSeed?: number;
  readonly readers?: number;
}

export interface BackupReport {
  readonly id: string;
  readonly findings: readonly { readonly code: string; readonly object: string; readonly grade: string }[];
}

const { url, paths = [], workingFolder, stream, faultSeed, readers } = JSON.parse(process.argv[2] ?? "") as BackupCommand;
await using store = await openStore(url, { clock: systemClock, environment: process.env });
const failing = faultSeed === undefined ? store : randomFaults(store, faultSeed);
const kept = retrying(failing, { clock: systemClock, maxAttempts: 20, maxElapsedMs: 60_000, firstDelayMs: 2, maxDelayMs: 50 });
const { id, findings } = await backUp(kept, paths, {
  ...(workingFolder === undefined ? {} : { workingFolder }),
  ...(readers === undefined ? {} : { readers }),
  ...(stream === undefined
    ? {}
    : { source: { kind: "stream", fd: 0, name: byteStringOf(stream), nowNs: BigInt(systemClock.now()) * 1_000_000n } }),
});
process.stdout.write(JSON.stringify({ id, findings } satisfies BackupReport));
