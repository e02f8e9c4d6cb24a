/**
 * Which snapshots `forget` keeps, and why: restic's rules with restic's results, and one of our own that guards the last good one.
 *
 * A counting rule walks a group from the newest snapshot to the oldest and keeps the first it meets in each hour, day, ISO week,
 * month or year, until its count is used up; with counts left at the end it keeps the oldest, so that history is as long as it
 * can be. A snapshot's hour and day are those of the UTC offset its own time is written with. Spans of the `within` rules end at the newest
 * snapshot that is not in the future, not now: a repository that nobody writes to loses nothing.
 */
import { DomainError } from "../base/errors.ts";
import { type KeepSpan, showSpan, startOfSpan } from "./keep-span.ts";

export interface RetentionSnapshot {
  readonly id: string;
  /** RFC 3339, as a snapshot file has it. */
  readonly time: string;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  /** Whether it lacks something that was to be in it. */
  readonly partial: boolean;
}

/** Of the rules of a policy any one is enough to keep a snapshot. A count of 0 is no rule. */
export interface KeepPolicy {
  readonly last?: KeepCount | undefined;
  readonly hourly?: KeepCount | undefined;
  readonly daily?: KeepCount | undefined;
  readonly weekly?: KeepCount | undefined;
  readonly monthly?: KeepCount | undefined;
  readonly yearly?: KeepCount | undefined;
  readonly within?: KeepSpan | undefined;
  readonly withinHourly?: KeepSpan | undefined;
  readonly withinDaily?: KeepSpan | undefined;
  readonly withinWeekly?: KeepSpan | undefined;
  readonly withinMonthly?: KeepSpan | undefined;
  readonly withinYearly?: KeepSpan | undefined;
  /** Each list is a rule: all its tags must be there. An empty tag stands for a snapshot without tags. */
  readonly tags?: readonly (readonly string[])[] | undefined;
}

export type KeepCount = number | "unlimited";

export const GROUP_KEYS = ["host", "paths", "tags"] as const;
export type GroupKey = (typeof GROUP_KEYS)[number];
export const DEFAULT_GROUPING: readonly GroupKey[] = ["host", "paths"];

export interface RetentionOptions {
  readonly nowMs: number;
  /** @default DEFAULT_GROUPING */
  readonly groupBy?: readonly GroupKey[] | undefined;
  /** Lets a group lose its newest complete snapshot, and allows a policy without rules, which keeps nothing. */
  readonly mayRemoveAll?: boolean | undefined;
}

export interface RetentionGroup<T extends RetentionSnapshot> {
  /** What its snapshots have in common; absent if it was not grouped by. */
  readonly host?: string;
  readonly paths?: readonly string[];
  readonly tags?: readonly string[];
  /** Newest first, as is `remove`. */
  readonly keep: readonly KeptSnapshot<T>[];
  readonly remove: readonly T[];
}

export interface KeptSnapshot<T extends RetentionSnapshot> {
  readonly snapshot: T;
  /** In restic's words, at least one: "daily snapshot", "oldest yearly snapshot", "within 7d", "has tags [a, b]". */
  readonly reasons: readonly string[];
}

/** Why a snapshot is kept that no rule keeps. */
export const LAST_GOOD_REASON = "newest complete snapshot";
export const LAST_REASON = "newest snapshot, none is complete";

/**
 * @throws {DomainError} usage/retention_policy: no rule, and not everything may be removed
 * @throws {DomainError} corrupt/snapshot_time
 */
export function applyRetention<T extends RetentionSnapshot>(
  snapshots: readonly T[],
  policy: KeepPolicy,
  options: RetentionOptions,
): readonly RetentionGroup<T>[] {
  if (isEmpty(policy) && options.mayRemoveAll !== true) {
    throw new DomainError("usage", "retention_policy", "Cannot choose snapshots to forget: no rule says which to keep", {
      hint: 'Give at least one rule, as in "--keep-daily 7"',
    });
  }
  const groups = Map.groupBy(snapshots, (snapshot) => JSON.stringify(groupOf(snapshot, options.groupBy ?? DEFAULT_GROUPING)));
  const sorted = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Array.from(sorted, ([key, members]) => ({ ...(JSON.parse(key) as GroupNames), ...decide(members, policy, options) }));
}

type GroupNames = Pick<RetentionGroup<RetentionSnapshot>, GroupKey>;

function groupOf({ hostname, paths, tags }: RetentionSnapshot, keys: readonly GroupKey[]): GroupNames {
  return {
    ...(keys.includes("host") ? { host: hostname } : {}),
    ...(keys.includes("paths") ? { paths: paths.toSorted() } : {}),
    ...(keys.includes("tags") ? { tags: tags.toSorted() } : {}),
  };
}

function isEmpty({ tags = [], ...rules }: KeepPolicy): boolean {
  return tags.length === 0 && Object.values(rules).every((rule) => rule === undefined || rule === 0 || isNoSpan(rule));
}

function isNoSpan(rule: KeepCount | KeepSpan): boolean {
  return typeof rule === "object" && showSpan(rule) === "";
}

function decide<T extends RetentionSnapshot>(
  members: readonly T[],
  policy: KeepPolicy,
  { nowMs, mayRemoveAll = false }: RetentionOptions,
): Pick<RetentionGroup<T>, "keep" | "remove"> {
  const dated = members.map((snapshot) => ({ snapshot, time: timeOf(snapshot) })).toSorted(newestFirst);
  const latest = dated.find(({ time }) => time.epochMilliseconds < nowMs)?.time;
  const rules = rulesOf(policy, latest);
  const decided = dated.map(({ snapshot, time }, nr) => {
    const isOldest = nr === dated.length - 1;
    return { snapshot, reasons: rules.flatMap((rule) => rule({ snapshot, time, isOldest })) };
  });
  const guarded = mayRemoveAll ? decided : guardLastGood(decided);
  return {
    keep: guarded.filter(({ reasons }) => reasons.length > 0),
    remove: guarded.filter(({ reasons }) => reasons.length === 0).map(({ snapshot }) => snapshot),
  };
}

interface Dated {
  readonly snapshot: RetentionSnapshot;
  /** In the offset that it is written with. */
  readonly time: Temporal.ZonedDateTime;
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?<offset>Z|[+-]\d\d:\d\d)$/;

function timeOf({ id, time }: RetentionSnapshot): Temporal.ZonedDateTime {
  const offset = RFC_3339.exec(time)?.groups?.["offset"];
  try {
    if (offset !== undefined) return Temporal.Instant.from(time).toZonedDateTimeISO(offset === "Z" ? "UTC" : offset);
  } catch {
    // A day or an hour that does not exist.
  }
  throw new DomainError("corrupt", "snapshot_time", `Cannot read the time of snapshot "${id}": not of RFC 3339`);
}

/** The id only makes the order certain. */
function newestFirst(a: Dated, b: Dated): number {
  return Temporal.Instant.compare(b.time.toInstant(), a.time.toInstant()) || (a.snapshot.id < b.snapshot.id ? -1 : 1);
}

/** Asked once for each snapshot of a group, the newest first; gives the reasons to keep it. */
type Rule = (candidate: Candidate) => readonly string[];

interface Candidate extends Dated {
  readonly isOldest: boolean;
}

/** In the order in which restic names reasons. */
function rulesOf(policy: KeepPolicy, latest: Temporal.ZonedDateTime | undefined): readonly Rule[] {
  const counted: readonly (readonly [KeepCount | undefined, Period])[] = [
    [policy.last, EACH],
    [policy.hourly, HOUR],
    [policy.daily, DAY],
    [policy.weekly, WEEK],
    [policy.monthly, MONTH],
    [policy.yearly, YEAR],
  ];
  const spanned: readonly (readonly [KeepSpan | undefined, Period])[] = [
    [policy.withinHourly, HOUR],
    [policy.withinDaily, DAY],
    [policy.withinWeekly, WEEK],
    [policy.withinMonthly, MONTH],
    [policy.withinYearly, YEAR],
  ];
  return [
    ...(policy.tags ?? []).map(tagRule),
    ...withinRule(policy.within, latest, (within) => () => [within]),
    ...counted.map(([count = 0, period]) => periodRule(period, `${period.name} snapshot`, count)),
    ...spanned.flatMap(([span, period]) => withinRule(span, latest, (within) => periodRule(period, `${period.name} ${within}`))),
  ];
}

interface Period {
  readonly name: string;
  /** Equal for snapshots of which a rule keeps one. */
  readonly of: (candidate: Candidate) => string;
}

const EACH: Period = { name: "last", of: ({ snapshot }) => snapshot.id };
const HOUR: Period = { name: "hourly", of: ({ time }) => `${time.toPlainDate().toString()} ${time.hour}` };
const DAY: Period = { name: "daily", of: ({ time }) => time.toPlainDate().toString() };
const WEEK: Period = { name: "weekly", of: ({ time }) => `${time.yearOfWeek}-${time.weekOfYear}` };
const MONTH: Period = { name: "monthly", of: ({ time }) => time.toPlainDate().toPlainYearMonth().toString() };
const YEAR: Period = { name: "yearly", of: ({ time }) => String(time.year) };

function periodRule(period: Period, reason: string, count: KeepCount = "unlimited"): Rule {
  let left = count === "unlimited" ? Infinity : count;
  let kept: string | undefined;
  return (candidate) => {
    const current = period.of(candidate);
    const isNew = current !== kept;
    if (left === 0 || !(isNew || candidate.isOldest)) return [];
    left--;
    kept = current;
    return [isNew ? reason : `oldest ${reason}`];
  };
}

/** A rule that sees only what is younger than the span. With no latest snapshot, all are in the future and none is too old. */
function withinRule(span: KeepSpan | undefined, latest: Temporal.ZonedDateTime | undefined, ruleOf: (reason: string) => Rule): Rule[] {
  if (span === undefined || isNoSpan(span)) return [];
  const rule = ruleOf(`within ${showSpan(span)}`);
  const start = latest === undefined ? undefined : startOfSpan(span, latest).epochNanoseconds;
  return [(candidate) => (start === undefined || candidate.time.epochNanoseconds > start ? rule(candidate) : [])];
}

function tagRule(wanted: readonly string[]): Rule {
  return ({ snapshot: { tags } }) => (hasTags(tags, wanted) ? [`has tags [${wanted.join(", ")}]`] : []);
}

function hasTags(tags: readonly string[], wanted: readonly string[]): boolean {
  const missing = wanted.find((tag) => !tags.includes(tag));
  return missing === undefined || (missing === "" && tags.length === 0);
}

/** Restic's rules may keep nothing but incomplete snapshots. */
function guardLastGood<T extends RetentionSnapshot>(decided: readonly KeptSnapshot<T>[]): readonly KeptSnapshot<T>[] {
  const lastGood = decided.find(({ snapshot }) => !snapshot.partial);
  const isSafe = lastGood === undefined ? decided.some(({ reasons }) => reasons.length > 0) : lastGood.reasons.length > 0;
  if (isSafe) return decided;
  const guarded =
    lastGood === undefined ? { index: 0, reason: LAST_REASON } : { index: decided.indexOf(lastGood), reason: LAST_GOOD_REASON };
  return decided.map((kept, index) => (index === guarded.index ? { ...kept, reasons: [guarded.reason] } : kept));
}
