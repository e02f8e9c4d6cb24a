/** `holdfast repository forget` */
import type { Command } from "commander";
import { formatBytes } from "../../base/byte-size.ts";
import { isoTime } from "../../base/clock.ts";
import { DomainError } from "../../base/errors.ts";
import type { Finding } from "../../base/finding.ts";
import {
  executeForget,
  findLocked,
  type ForgetCandidate,
  type ForgetPlan,
  type LockedSnapshots,
  planForgetByName,
  planForgetByRules,
} from "../../repository/forget.ts";
import { parseKeepSpan } from "../../repository/keep-span.ts";
import { lockText } from "../../repository/object-lock/lock-text.ts";
import { GROUP_KEYS, type GroupKey, type KeepCount, type KeepPolicy } from "../../repository/retention.ts";
import type { Session } from "../../repository/session.ts";
import { chooseSnapshots, filterSnapshots, parseTags } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import type { KeepOptions } from "../keep-options.ts";
import { parseCount } from "../numbers.ts";
import { type Pruned, prunedJson, prunedText, runPrune, USUAL_PRUNE } from "../prune-run.ts";
import { openLockedSession, runOnRepository, writeSummary } from "../repository-run.ts";
import { counted, localTime, shortId, shownText } from "../shown.ts";
import type { SnapshotFilterOptions } from "../snapshot-options.ts";
import { formatTable } from "../table.ts";

export interface RepositoryForgetOptions extends SnapshotFilterOptions, KeepOptions {
  readonly groupBy: string;
  readonly mayRemoveAll?: boolean;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
}

export async function repositoryForget(
  names: readonly string[],
  given: RepositoryForgetOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const policy = readPolicy(given);
  const groupBy = readGroupKeys(given.groupBy);
  const { dryRun = false, mayRemoveAll = false } = given;
  if (names.length > 0 && policy !== undefined) {
    throw new DomainError("usage", "forget_ids", "Cannot forget snapshots both by name and by rules", {
      hint: "Run the command once for each",
    });
  }
  const isUnlimited = names.length === 0 && policy === undefined && given.host.length + given.path.length + given.tag.length === 0;
  if (mayRemoveAll && isUnlimited) {
    throw new DomainError("usage", "forget_everything", "Cannot forget snapshots: neither names nor rules nor a filter say which", {
      hint: "Give rules, as --keep-last 7, or the ids of snapshots",
    });
  }
  if (dryRun && given.prune === true) {
    throw new DomainError("usage", "forget_dry_prune", "Cannot say what a prune would delete: the snapshots are still there", {
      hint: "Leave out --prune or --dry-run",
    });
  }
  const planFrom = ({ snapshots }: Session): ForgetPlan =>
    names.length > 0
      ? planForgetByName(snapshots, chooseSnapshots(snapshots, names, given), { groupBy, mayRemoveAll })
      : planForgetByRules(filterSnapshots(snapshots, given), policy ?? {}, { nowMs: context.clock.now(), groupBy, mayRemoveAll });
  await runOnRepository(command, context, async (run) => {
    const forgotten = await forget();
    // Rules ask again by themselves; who names a snapshot wants it gone.
    if (names.length > 0) for (const finding of lockedFindings(forgotten)) run.report(finding);
    const pruned = given.prune === true ? await runPrune(run, USUAL_PRUNE, false) : undefined;
    const groups = forgotten.plan.map((group) => groupJson(group, forgotten.locked));
    writeSummary(run, { dryRun, groups, ...(pruned === undefined ? {} : { prune: prunedJson(pruned) }) }, () =>
      planText(forgotten, dryRun, pruned),
    );

    async function forget(): Promise<Forgotten> {
      await using session = await openLockedSession(run, dryRun ? "shared" : "exclusive");
      const plan = planFrom(session);
      const { clock } = context;
      const locked = dryRun ? findLocked(session, plan, clock) : executeForget(session, plan, { clock, progress: run.display.sink });
      return { plan, locked: await locked };
    }
  });
}

interface Forgotten {
  readonly plan: ForgetPlan;
  readonly locked: LockedSnapshots;
}

function lockedFindings({ locked }: Forgotten): readonly Finding[] {
  return Array.from(locked, ([id, untilMs]) => {
    const object = `snapshots/${id}`;
    return { grade: "partial", code: "snapshot_locked", object, message: `Cannot remove "${object}" yet: it is ${lockText(untilMs)}` };
  });
}

/** Undefined without any rule. */
function readPolicy(given: RepositoryForgetOptions): KeepPolicy | undefined {
  const count = (text: string | undefined, option: string): KeepCount | undefined =>
    text === undefined || text === "unlimited" ? text : parseCount(text, option);
  const span = (text: string | undefined): KeepPolicy["within"] => (text === undefined ? undefined : parseKeepSpan(text));
  const policy: KeepPolicy = {
    last: count(given.keepLast, "--keep-last"),
    hourly: count(given.keepHourly, "--keep-hourly"),
    daily: count(given.keepDaily, "--keep-daily"),
    weekly: count(given.keepWeekly, "--keep-weekly"),
    monthly: count(given.keepMonthly, "--keep-monthly"),
    yearly: count(given.keepYearly, "--keep-yearly"),
    within: span(given.keepWithin),
    withinHourly: span(given.keepWithinHourly),
    withinDaily: span(given.keepWithinDaily),
    withinWeekly: span(given.keepWithinWeekly),
    withinMonthly: span(given.keepWithinMonthly),
    withinYearly: span(given.keepWithinYearly),
    tags: given.keepTag.length === 0 ? undefined : given.keepTag.map(parseTags),
  };
  return Object.values(policy).every((rule) => rule === undefined) ? undefined : policy;
}

function readGroupKeys(text: string): readonly GroupKey[] {
  const names = text.split(",").filter((name) => name !== "");
  const keys = names.map((name) => GROUP_KEYS.find((key) => key === name));
  if (keys.every((key) => key !== undefined)) return keys;
  throw new DomainError("usage", "group_keys", `Cannot group by "${text}": not a list of ${GROUP_KEYS.join(", ")}`);
}

function groupJson({ keep, remove, ...names }: ForgetPlan[number], locked: LockedSnapshots): unknown {
  const isLocked = ({ id }: ForgetCandidate): boolean => locked.has(id);
  return {
    ...names,
    keep: keep.map(({ snapshot, reasons }) => ({ id: snapshot.id, time: snapshot.time, reasons })),
    remove: remove.filter((one) => !isLocked(one)).map(({ id, time }) => ({ id, time })),
    locked: remove.filter(isLocked).map(({ id, time }) => ({ id, time, until: momentOrNull(locked.get(id)) })),
  };
}

/** Null: under legal hold. */
function momentOrNull(ms: number | undefined): string | null {
  return ms === undefined || !Number.isFinite(ms) ? null : isoTime(ms);
}

function planText({ plan, locked }: Forgotten, dryRun: boolean, pruned: Pruned | undefined): string {
  const removed = plan.reduce((sum, { remove }) => sum + remove.length, 0) - locked.size;
  const done = dryRun ? `${counted(removed, "snapshot")} would be removed` : `${counted(removed, "snapshot")} removed`;
  const end = locked.size === 0 ? done : `${done}, ${locked.size} cannot be yet: under Object Lock as said above`;
  const groups = plan.map((group) => groupText(group, locked));
  return [...groups, end, ...(pruned === undefined ? [] : ["", prunedText(pruned)])].join("\n");
}

function groupText({ host, paths, tags, keep, remove }: ForgetPlan[number], locked: LockedSnapshots): string {
  const names = [
    ...(host === undefined ? [] : [`host ${shownText(host)}`]),
    ...(paths === undefined ? [] : [`paths ${paths.map(shownText).join(", ")}`]),
    ...(tags === undefined ? [] : [`tags ${tags.map(shownText).join(", ")}`]),
  ].join(", ");
  const rows = [
    ...keep.map(({ snapshot, reasons }) => row("keep", snapshot, reasons.join(", "))),
    ...remove.map((snapshot) => {
      const untilMs = locked.get(snapshot.id);
      return untilMs === undefined ? row("remove", snapshot, "") : row("locked", snapshot, lockText(untilMs));
    }),
  ];
  const table = formatTable(
    [{ title: "" }, { title: "ID" }, { title: "Time" }, { title: "Size", align: "right" }, { title: "Reason" }],
    rows,
  );
  return `${names === "" ? "All snapshots" : `Snapshots of ${names}`}\n${table}\n`;
}

function row(decision: string, { id, stored: { snapshot } }: ForgetCandidate, reasons: string): readonly string[] {
  const { time, summary } = snapshot;
  const size = summary === undefined ? "" : formatBytes(summary.totalBytesProcessed);
  return [decision, shortId(id), localTime(time.epochMs), size, shownText(reasons)];
}
