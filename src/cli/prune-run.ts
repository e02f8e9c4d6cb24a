/** One prune, and what there is to tell of it. */
import { formatBytes, parseBytes } from "../base/byte-size.ts";
import { DomainError } from "../base/errors.ts";
import type { RewriteOptions, UnusedLimit } from "../repository/prune/decide.ts";
import { executePrune, type PruneResult } from "../repository/prune/execute.ts";
import { type PackTotal, planPrune, type PrunePlan } from "../repository/prune/plan.ts";
import { lockText } from "../repository/object-lock/lock-text.ts";
import { parseDuration } from "./duration.ts";
import type { PruneCommandOptions } from "./prune-options.ts";
import { openLockedSession, type RepositoryRun } from "./repository-run.ts";
import { counted } from "./shown.ts";

export interface PruneSettings extends RewriteOptions {
  readonly graceMs: number | undefined;
}

export const USUAL_PRUNE: PruneSettings = { graceMs: undefined };

/** @throws {DomainError} usage/unused_limit, usage/byte_size, usage/duration */
export function readPruneSettings(given: PruneCommandOptions): PruneSettings {
  return {
    maxUnused: given.maxUnused === undefined ? undefined : parseUnusedLimit(given.maxUnused),
    maxRepackBytes: given.maxRepack === undefined ? undefined : parseBytes(given.maxRepack),
    repackSmall: given.repackSmall,
    repackUncompressed: given.repackUncompressed,
    graceMs: given.grace === undefined ? undefined : parseDuration(given.grace),
  };
}

export interface Pruned {
  readonly plan: PrunePlan;
  /** Undefined in a dry run. */
  readonly result: PruneResult | undefined;
}

/** Takes the lock itself. Throws as planPrune() and executePrune() do. */
export async function runPrune(run: RepositoryRun, settings: PruneSettings, dryRun: boolean): Promise<Pruned> {
  const { context, report, display } = run;
  await using session = await openLockedSession(run, dryRun ? "shared" : "exclusive");
  const options = { ...settings, clock: context.clock, report, progress: display.sink };
  const plan = await planPrune(session, options);
  return { plan, result: dryRun ? undefined : await executePrune(session, plan, options) };
}

export function prunedJson({ plan, result }: Pruned): Readonly<Record<string, unknown>> {
  const { work: _, putBack, ...shown } = plan;
  return { dryRun: result === undefined, plan: { ...shown, putBack: putBack.length }, ...result };
}

export function prunedText({ plan, result }: Pruned): string {
  const lines: readonly (readonly [string, PackTotal])[] = [
    ["Kept as they are", plan.keep],
    [result === undefined ? "To rewrite" : "Rewritten", plan.rewrite],
    [result === undefined ? "To mark for deletion" : "Marked for deletion", result?.marked ?? sum(plan.rewrite, plan.drop, plan.unindexed)],
    ["Marked before, to be deleted later", plan.wait],
    [result === undefined ? "To delete" : "Deleted", result?.deleted ?? plan.delete],
  ];
  const width = Math.max(...lines.map(([title]) => title.length));
  return [
    ...lines.map(([title, { packs, bytes }]) => `${title.padEnd(width)}  ${counted(packs, "pack")}, ${formatBytes(bytes)}`),
    ...lockedText(plan.locked),
    ...(result === undefined || result.swept === 0 ? [] : [`${counted(result.swept, "object")} that others had deleted removed for good`]),
    ...(plan.putBack.length === 0 ? [] : [`${counted(plan.putBack.length, "marked pack")} needed again, and put back`]),
    `${formatBytes(plan.unusedBytesAfter)} of unused data stays in packs that are needed`,
  ].join("\n");
}

function lockedText({ packs, bytes, untilMs }: PrunePlan["locked"]): readonly string[] {
  if (untilMs === undefined) return [];
  return [`${counted(packs, "pack")} that nothing needs, ${formatBytes(bytes)}, kept as well: ${lockText(untilMs)}`];
}

function sum(...totals: readonly PackTotal[]): PackTotal {
  return { packs: totals.reduce((all, { packs }) => all + packs, 0), bytes: totals.reduce((all, { bytes }) => all + bytes, 0) };
}

function parseUnusedLimit(text: string): UnusedLimit {
  if (text === "unlimited") return text;
  const percent = /^(?<amount>\d+(?:\.\d+)?)\s*%$/.exec(text)?.groups?.["amount"];
  if (percent === undefined) return { bytes: parseBytes(text) };
  const share = Number(percent) / 100;
  if (share <= 1) return { share };
  throw new DomainError("usage", "unused_limit", `Cannot use --max-unused "${text}": more than all of it`);
}
