/** Plans as files: made by a dry run, looked at by a person, and executed as they stand or not at all. */
import { readFile, stat, writeFile } from "node:fs/promises";
import { DomainError } from "../../base/errors.ts";
import { describeId, keyOf } from "../../kube/object-id.ts";
import { PLAN_FORMAT, type PlanEntry, type RestorePlan } from "./plan.ts";

const MAX_BYTES = 512 * 1024 ** 2;
/** It shows what is in ConfigMaps. */
const MODE = 0o600;

export async function writePlan(path: string, plan: RestorePlan): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(plan, undefined, 1)}\n`, { mode: MODE });
  } catch (cause) {
    throw new DomainError("usage", "plan_file", `Cannot write plan "${path}": ${codeOf(cause)}`, { cause });
  }
}

/** @throws {DomainError} usage/plan_file: there is none, or it is something else */
export async function readPlan(path: string): Promise<RestorePlan> {
  let text: string;
  try {
    if ((await stat(path)).size > MAX_BYTES) throw notAPlan(path, "it is too large");
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof DomainError) throw cause;
    throw new DomainError("usage", "plan_file", `Cannot read plan "${path}": ${codeOf(cause)}`, { cause });
  }
  let plan: Partial<RestorePlan>;
  try {
    plan = Object(JSON.parse(text)) as Partial<RestorePlan>;
  } catch {
    throw notAPlan(path, "it is not JSON");
  }
  if (plan.format !== PLAN_FORMAT) throw notAPlan(path, "it is none, or of another version of Holdfast");
  const { point, cluster, options, entries } = plan;
  if (typeof point !== "string" || typeof cluster !== "string" || !Array.isArray(entries) || typeof options !== "object") {
    throw notAPlan(path, "something is missing in it");
  }
  return { format: PLAN_FORMAT, point, cluster, options, entries };
}

/** What is not any more as it was when the plan was made, in words; nothing if it can be executed. */
export function outdated(saved: RestorePlan, fresh: RestorePlan): readonly string[] {
  if (saved.cluster !== fresh.cluster) return ["this is another cluster"];
  const now = new Map(fresh.entries.map((entry) => [entryKey(entry), entry]));
  const then = new Set(saved.entries.map(entryKey));
  return [
    ...saved.entries.flatMap((entry) => {
      const why = difference(entry, now.get(entryKey(entry)));
      return why === undefined ? [] : [`${describeId(entry.id)} ${why}`];
    }),
    ...fresh.entries.filter((entry) => !then.has(entryKey(entry))).map(({ id }) => `${describeId(id)} is not in the plan`),
  ];
}

function difference(saved: PlanEntry, fresh: PlanEntry | undefined): string | undefined {
  if (fresh === undefined) return "is not restored any more";
  if (saved.action !== fresh.action) {
    if (saved.live === undefined && fresh.live !== undefined) return "is there now";
    if (saved.live !== undefined && fresh.live === undefined) return "is gone";
    return `was to be ${PAST[saved.action]}, and is now to be ${PAST[fresh.action]}`;
  }
  if (saved.action === "skip") return undefined;
  if (saved.digest !== fresh.digest) return "would be written differently";
  const isSame = saved.live?.uid === fresh.live?.uid && saved.live?.resourceVersion === fresh.live?.resourceVersion;
  return isSame ? undefined : "has been changed";
}

const PAST: Readonly<Record<PlanEntry["action"], string>> = {
  create: "created",
  replace: "replaced",
  skip: "left as it is",
  update: "updated",
};

/** What is left out is known by where it was, all else by where it goes. */
function entryKey({ id, wave }: PlanEntry): string {
  return `${wave === undefined ? "out" : "in"} ${keyOf(id)}`;
}

function notAPlan(path: string, state: string): DomainError {
  return new DomainError("usage", "plan_file", `Cannot use "${path}" as a plan: ${state}`, {
    hint: 'Make one with "holdfast restore POINT --dry-run --plan FILE"',
  });
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "it failed";
}
