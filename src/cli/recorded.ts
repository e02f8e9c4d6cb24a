/** Backups and restores have a record, too: when they were, of what, and how they ended. Nobody needs it to go on, so without it they go on. */
import { Deadline } from "../base/deadline.ts";
import { asDomainError, DomainError } from "../base/errors.ts";
import { UlidSource } from "../base/ids.ts";
import type { JsonObject } from "../kube/json.ts";
import type { UnitPlace } from "../location/units.ts";
import { openRecord, type RecordedKind, type RunOutcome, type RunRecord } from "../run/records.ts";
import type { LocationRun } from "./location-run.ts";

export interface RecordedWork {
  readonly kind: Extract<RecordedKind, "backup" | "clone" | "release" | "restore">;
  readonly place: Pick<UnitPlace, "path">;
  /** Id of the cluster that it works in. */
  readonly cluster: string;
  /** The point that is restored. */
  readonly point?: string;
  /** The run that is released. */
  readonly of?: string;
  /** Of Holdfast. */
  readonly namespace: string;
}

export interface RecordedEnd {
  readonly outcome: RunOutcome;
  /** For people and programs. Never a secret. */
  readonly facts: JsonObject;
}

/** Nobody waits longer for a record of what is done. */
const END_MS = 30_000;

/** @param work gives how it ended; what it throws is recorded, and thrown on */
export async function recorded(run: LocationRun, what: RecordedWork, work: () => Promise<RecordedEnd>): Promise<void> {
  const record = await begin(run, what);
  let end: RecordedEnd;
  try {
    end = await work();
  } catch (error) {
    const { code, message } = asDomainError(error);
    await finish(run, record, { outcome: "failed", facts: { error: { code, message } } });
    throw error;
  }
  await finish(run, record, end);
}

async function begin({ location, context, report }: LocationRun, { place, ...header }: RecordedWork): Promise<RunRecord | undefined> {
  const { clock, signal } = context;
  const id = new UlidSource(clock).next();
  try {
    return await openRecord(location, place, { id, ...header }, { clock, signal });
  } catch (error) {
    signal.throwIfAborted();
    // Whoever may only read a location may restore from it.
    if (!(error instanceof DomainError)) throw error;
    report({ grade: "info", code: "run_not_recorded", object: `run ${id}`, message: `Not recorded: ${error.message}` });
    return undefined;
  }
}

async function finish({ report, context }: LocationRun, record: RunRecord | undefined, { outcome, facts }: RecordedEnd): Promise<void> {
  if (record === undefined) return;
  const { clock, signal } = context;
  // Also of what was cancelled, maybe because the location gives no answer.
  using deadline = new Deadline(clock, END_MS);
  try {
    await record.end(outcome, facts, { signal: signal.aborted ? deadline.signal : AbortSignal.any([signal, deadline.signal]) });
  } catch (error) {
    const { message } = asDomainError(error);
    report({ grade: "info", code: "run_not_recorded", object: `run ${record.header.id}`, message: `Its end is not recorded: ${message}` });
  }
}
