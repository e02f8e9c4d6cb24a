/** Proves that the repository can be reached from here, and written to if that is wanted. */
import type { Clock } from "../../base/clock.ts";
import type { FindingSink } from "../../base/finding.ts";
import { acquireLock } from "../../repository/lock.ts";
import { ownIdentity } from "../../repository/lock-process.ts";
import type { Repository } from "../../repository/repository.ts";
import type { ProbeLocation } from "../work.ts";

export interface ProbeParts {
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

/** A lock is the smallest thing that can be written, and what all work begins with. */
export async function probeRepository({ files }: Repository, { writes }: ProbeLocation, parts: ProbeParts): Promise<void> {
  if (!writes) return;
  const lock = await acquireLock(files, { exclusive: false, identity: await ownIdentity(), ...parts });
  await lock[Symbol.asyncDispose]();
}
