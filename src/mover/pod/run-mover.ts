/** What a mover does from its start to its answer. */
import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { DomainError, exitCodeOf } from "../../base/errors.ts";
import { encodeAnswer, moverError } from "../answer.ts";
import { MoverLines } from "../lines.ts";
import type { Session, SessionOptions } from "../../repository/session.ts";
import type { MoverSuccess } from "../work.ts";
import { openUnitRepository } from "./open-repository.ts";
import type { MoverPlaces } from "./places.ts";
import { readWork } from "./read-work.ts";

export interface MoverProcess {
  readonly places: MoverPlaces;
  readonly clock: Clock;
  /** Is told where the credentials are. */
  readonly environment: Record<string, string | undefined>;
  readonly write: (line: string) => void;
  /** Aborts when the pod is to end. */
  readonly signal: AbortSignal;
}

type Moved = Omit<MoverSuccess, "findings" | "tookMs">;

/** Pods have 30 s to end. */
const STOP_LIMIT_MS = 15_000;
const NOTHING_MOVED: Moved = { files: 0, bytes: 0, storedBytes: 0 };
/** Others hold the repository alone only for as long as a prune takes. */
const RETRY_LOCK_MS = 10 * 60_000;

/** Gives the exit code. */
export async function runMover(process: MoverProcess): Promise<number> {
  const { places, write, clock } = process;
  const lines = new MoverLines(write, clock);
  const startMs = clock.monotonicMs();
  lines.begin();
  try {
    const moved = await perform(process, lines);
    const tookMs = Math.round(clock.monotonicMs() - startMs);
    await writeFile(places.answerFile, encodeAnswer({ ...moved, tookMs, findings: lines.findings }));
    return 0;
  } catch (error) {
    // Whatever came of being told to end, another mover may do better.
    const why: unknown = process.signal.aborted ? process.signal.reason : error;
    await writeFile(places.answerFile, encodeAnswer({ error: moverError(why) }));
    return exitCodeOf(why);
  }
}

async function perform({ places, clock, environment, signal }: MoverProcess, lines: MoverLines): Promise<Moved> {
  const { report, progress } = lines;
  const told = await readWork(places.secretFolder);
  const credentials = join(places.secretFolder, "credentials");
  if (await isThere(credentials)) environment["AWS_SHARED_CREDENTIALS_FILE"] = credentials;
  await using opened = await openUnitRepository(told, { clock, environment, report, signal });
  const { repository } = opened;
  const { work } = told;
  if (work.kind === "probe") {
    const { probeRepository } = await import("./probe.ts");
    await probeRepository(repository, work, { clock, report, signal });
    return NOTHING_MOVED;
  }
  const { openSession } = await import("../../repository/session.ts");
  if (told.lostPods.length > 0) {
    const { removeLocksOf } = await import("./lost-locks.ts");
    await removeLocksOf(repository, told.lostPods, { clock, report, signal });
  }
  const openReading = async (options: Omit<SessionOptions, "lock">): Promise<Session> => {
    try {
      return await openSession(repository, { ...options, lock: "shared" });
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== "forbidden") throw error;
      // The coordinator's lock spans the run, if it may write one.
      return openSession(repository, { ...options, lock: "none" });
    }
  };
  if (work.kind === "fill") {
    const { fillVolume } = await import("./fill.ts");
    await using session = await openReading({ retryLockMs: RETRY_LOCK_MS, clock, report, signal });
    return await fillVolume(session, work, { places, clock, report, progress });
  }
  const { backUpVolume } = await import("./back-up.ts");
  using late = new LateStop(signal, clock);
  await using session = await openSession(repository, { lock: "shared", retryLockMs: RETRY_LOCK_MS, clock, report, signal: late.signal });
  return await backUpVolume(session, work, { places, clock, report, progress, stop: signal });
}

/** Aborts a while after another signal, so that what is done can be named until then. */
class LateStop implements Disposable {
  readonly signal: AbortSignal;
  readonly #done = new AbortController();

  constructor(early: AbortSignal, clock: Clock) {
    const late = new AbortController();
    this.signal = late.signal;
    const onAbort = (): void => {
      clock.sleep(STOP_LIMIT_MS, this.#done.signal).then(
        () => late.abort(early.reason),
        () => undefined,
      );
    };
    if (early.aborted) onAbort();
    else early.addEventListener("abort", onAbort, { once: true, signal: this.#done.signal });
  }

  [Symbol.dispose](): void {
    this.#done.abort();
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
