/**
 * Removes snapshots, by rules or by name. Their data stays until a prune. The lock is exclusive although no data goes: which snapshot is
 * the last good one of its group is decided by a list, and nobody else may remove from it meanwhile.
 */
import type { Clock } from "../base/clock.ts";
import { forEachConcurrent } from "../base/concurrency.ts";
import { DomainError } from "../base/errors.ts";
import type { HexId } from "../base/ids.ts";
import type { ProgressSink } from "../base/progress.ts";
import { keyOfFile } from "./layout.ts";
import { deleteForGood, keptUntil } from "./object-lock/deletion.ts";
import {
  applyRetention,
  DEFAULT_GROUPING,
  type GroupKey,
  type KeepPolicy,
  type RetentionGroup,
  type RetentionSnapshot,
} from "./retention.ts";
import type { Session } from "./session.ts";
import type { StoredSnapshot } from "./snapshots.ts";

/** A tag of snapshots that lack something which was to be in them. */
export const PARTIAL_TAG = "result=partial";

/** As retention sees a snapshot. */
export interface ForgetCandidate extends RetentionSnapshot {
  readonly id: HexId;
  readonly stored: StoredSnapshot;
}

export type ForgetPlan = readonly RetentionGroup<ForgetCandidate>[];

export interface ForgetRulesOptions {
  readonly nowMs: number;
  /** @default DEFAULT_GROUPING */
  readonly groupBy?: readonly GroupKey[] | undefined;
  /** Lets a group lose its newest complete snapshot. */
  readonly mayRemoveAll?: boolean | undefined;
}

const CONCURRENT_REMOVALS = 16;
/** Why a snapshot is kept that nobody named. */
export const NOT_NAMED_REASON = "not named";

/**
 * What rules keep of the snapshots, and why; the rest is to be removed.
 *
 * @throws {DomainError} usage/retention_policy, corrupt/snapshot_time
 */
export function planForgetByRules(snapshots: readonly StoredSnapshot[], policy: KeepPolicy, options: ForgetRulesOptions): ForgetPlan {
  return applyRetention(snapshots.map(candidateOf), policy, options);
}

/**
 * Removes the named snapshots and keeps all others.
 *
 * @param all those of the repository: they decide which is the last good one of its group
 * @throws {DomainError} conflict/last_good_snapshot: a group would have no complete snapshot left
 */
export function planForgetByName(
  all: readonly StoredSnapshot[],
  named: readonly StoredSnapshot[],
  { groupBy = DEFAULT_GROUPING, mayRemoveAll = false }: Pick<ForgetRulesOptions, "groupBy" | "mayRemoveAll"> = {},
): ForgetPlan {
  const ids = new Set(named.map(({ id }) => id));
  // A policy that keeps all gives the groups.
  const groups = applyRetention(all.map(candidateOf), { last: "unlimited" }, { nowMs: 0, groupBy });
  const plan = Array.from(groups, ({ keep, ...names }): RetentionGroup<ForgetCandidate> => {
    const members = keep.map(({ snapshot }) => snapshot);
    const left = members.filter(({ id }) => !ids.has(id));
    const lost = members.filter(({ id }) => ids.has(id));
    const isSafe = lost.length === 0 || left.some(({ partial }) => !partial) || (left.length > 0 && lost.every(({ partial }) => partial));
    if (!isSafe && !mayRemoveAll) throw lastGood(lost.find(({ partial }) => !partial) ?? lost[0], names);
    return { ...names, keep: left.map((snapshot) => ({ snapshot, reasons: [NOT_NAMED_REASON] })), remove: lost };
  });
  return plan.filter(({ remove }) => remove.length > 0);
}

/** Snapshots that stay although they were to be removed, and when each can be: milliseconds since 1970, infinite under legal hold. */
export type LockedSnapshots = ReadonlyMap<HexId, number>;

/**
 * Removes what the plan says, but for what is under Object Lock.
 *
 * @param session with an exclusive lock, that the plan was made from
 * @returns what stays
 * @throws {DomainError} locked/…: the lock was lost
 */
export async function executeForget(
  session: Session,
  plan: ForgetPlan,
  { clock, progress }: { readonly clock: Clock; readonly progress: ProgressSink },
): Promise<LockedSnapshots> {
  const ids = removedBy(plan);
  const locked = new Map<HexId, number>();
  let doneItems = 0;
  await forEachConcurrent(ids, { limit: CONCURRENT_REMOVALS, signal: session.signal }, async (id, signal) => {
    session.throwIfLost();
    const deletion = await deleteForGood(session.repository.store, keyOfFile("snapshots", id), { clock, signal });
    if (deletion.kind === "kept") locked.set(id, deletion.untilMs);
    progress({ stage: "Removing snapshots", doneBytes: 0, doneItems: ++doneItems, totalItems: ids.length });
  });
  return locked;
}

/** Of those that the plan removes, what executeForget() could not remove now. */
export async function findLocked({ repository, signal }: Session, plan: ForgetPlan, clock: Clock): Promise<LockedSnapshots> {
  const locked = new Map<HexId, number>();
  await forEachConcurrent(removedBy(plan), { limit: CONCURRENT_REMOVALS, signal }, async (id, signalOfAll) => {
    const untilMs = await keptUntil(repository.store, keyOfFile("snapshots", id), { clock, signal: signalOfAll });
    if (untilMs !== undefined) locked.set(id, untilMs);
  });
  return locked;
}

function removedBy(plan: ForgetPlan): readonly HexId[] {
  return plan.flatMap(({ remove }) => remove.map(({ id }) => id));
}

function candidateOf(stored: StoredSnapshot): ForgetCandidate {
  const { id, snapshot } = stored;
  const { time, hostname, paths, tags } = snapshot;
  return { id, time: time.text, hostname, paths, tags, partial: tags.includes(PARTIAL_TAG), stored };
}

function lastGood(snapshot: ForgetCandidate | undefined, { host, paths }: Pick<RetentionGroup<ForgetCandidate>, GroupKey>): DomainError {
  const id = snapshot?.id;
  return new DomainError("conflict", "last_good_snapshot", `Cannot forget snapshot "${id}": it is the last good one of its group`, {
    details: { snapshot: id, host, paths },
    hint: 'To remove it all the same, add "--may-remove-all"',
  });
}
