/** What `check --lock-expiry` looks for, and what there is to tell of it. */
import { isoTime } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import { type EarlyExpiry, findEarlyExpiries, type LockExpiryOptions } from "../repository/object-lock/lock-expiry.ts";
import { lockText, momentText } from "../repository/object-lock/lock-text.ts";
import { readSettings } from "../repository/object-lock/settings.ts";
import type { Session } from "../repository/session.ts";
import { parseDuration } from "./duration.ts";
import type { RepositoryRun } from "./repository-run.ts";
import { requireObjectLock } from "./retention.ts";
import { counted, shortId } from "./shown.ts";

/** Files of one kind that are named to people; JSON has all. */
const NAMED = 5;

/**
 * @param given a duration; true: as long as the repository's retention promises
 * @throws {DomainError} usage/lock_expiry, unsupported/object_lock
 */
export async function checkLockExpiry(run: RepositoryRun, session: Session, given: string | true): Promise<readonly EarlyExpiry[]> {
  const { clock } = run.context;
  requireObjectLock(session.repository.store, "Cannot check when locks end");
  const neededMs = await needOf(session, given, clock.now());
  const early = await findEarlyExpiries(session, { neededMs, clock, progress: run.display.sink });
  for (const finding of findingsOf(early)) run.report(finding);
  return early;
}

export function expiryJson(early: readonly EarlyExpiry[]): unknown {
  return early.map(({ key, untilMs, need }) => ({
    file: key,
    until: untilMs === undefined ? null : isoTime(untilMs),
    needed: isoTime(need.untilMs),
    snapshot: need.snapshot,
  }));
}

/** @param early undefined: it was not looked for, since the repository is damaged */
export function expiryText(early: readonly EarlyExpiry[] | undefined): string {
  if (early === undefined) return "When locks end can be told once that is repaired";
  return early.length === 0
    ? "Object Lock keeps all that is needed for long enough"
    : `${counted(early.length, "file")} can be deleted too early`;
}

async function needOf({ repository, signal }: Session, given: string | true, nowMs: number): Promise<LockExpiryOptions["neededMs"]> {
  if (given !== true) {
    const neededMs = nowMs + parseDuration(given);
    return () => neededMs;
  }
  const { settings } = await readSettings(repository.files, { signal });
  const retentionMs = settings?.retentionMs ?? 0;
  if (retentionMs === 0) {
    throw new DomainError("usage", "lock_expiry", "Cannot check when locks end: the repository has no retention", {
      hint: 'Say how long they must last, as in "--lock-expiry 14d", or set a retention with "holdfast repository retention set"',
    });
  }
  return ({ snapshot }) => {
    const neededMs = snapshot.time.epochMs + retentionMs;
    return neededMs > nowMs ? neededMs : undefined;
  };
}

/** One for all that can be deleted from the same moment on. */
function findingsOf(early: readonly EarlyExpiry[]): readonly Finding[] {
  const byEnd = Map.groupBy(early, ({ untilMs }) => untilMs);
  return Array.from(byEnd, ([untilMs, files]) => findingOf(untilMs, files));
}

function findingOf(untilMs: number | undefined, files: readonly EarlyExpiry[]): Finding {
  const [{ key: object } = { key: "" }] = files;
  const last = files.map(({ need }) => need).reduce((latest, need) => (need.untilMs > latest.untilMs ? need : latest));
  const by = last.snapshot === undefined ? "" : ` as snapshot ${shortId(last.snapshot)} does`;
  const state = untilMs === undefined ? "not under Object Lock" : `${lockText(untilMs)} only`;
  const what = `${counted(files.length, "file")} that snapshots need ${files.length === 1 ? "is" : "are"} ${state}`;
  const names = files.slice(0, NAMED).map(({ key }) => `"${key}"`);
  const list = `${names.join(", ")}${files.length > NAMED ? " and more" : ""}`;
  const message = `${what}, and must last until ${momentText(last.untilMs)}${by}: ${list}`;
  return { grade: "partial", code: "lock_ends_early", object, message };
}
