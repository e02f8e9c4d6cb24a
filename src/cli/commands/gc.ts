/** `holdfast gc` */
import type { Command } from "commander";
import { DomainError } from "../../base/errors.ts";
import type { Finding, FindingSink } from "../../base/finding.ts";
import { identifyCluster } from "../../capture/cluster-identity.ts";
import { discover } from "../../kube/discovery.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { endSwap, openSwaps } from "../../recover/swap/run-swap.ts";
import { isAlive } from "../../run/alive.ts";
import { collectLeftovers, type Leftover } from "../../run/gc.ts";
import { openRun } from "../../run/open-run.ts";
import type { RecordedHeader } from "../../run/records.ts";
import { openCluster } from "../cluster-options.ts";
import type { CommandContext } from "../context.ts";
import { parseDuration } from "../duration.ts";
import { type LocationRun, runOnLocation } from "../location-run.ts";
import { readHoldfastNamespace } from "../mover-options.ts";
import { findingWriter, outputFormat, type OutputFormat, writeResult } from "../output.ts";
import { isLocationNamed } from "../repository-options.ts";
import { unitText } from "../run-text.ts";
import { counted, shownText } from "../shown.ts";
import { formatTable } from "../table.ts";
import { liveNamespace } from "../volume-tools.ts";

export interface GcOptions {
  readonly dryRun?: boolean;
  readonly wait: string;
}

interface EndedRun {
  readonly run: string;
  /** `killed`: it would be ended. */
  readonly outcome: "killed" | "rolled-back" | "succeeded";
}

interface Collecting {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly dryRun: boolean;
  readonly report: FindingSink;
  readonly context: CommandContext;
}

/** Where a location is named, exchanges of volumes that were killed are ended, too: only their records say what was there before. */
export async function gc({ dryRun = false, wait }: GcOptions, command: Command, context: CommandContext): Promise<void> {
  const waitMs = parseDuration(wait);
  const namespace = readHoldfastNamespace(command, context);
  await using api = await openCluster(command, context);
  if (isLocationNamed(command, context)) {
    await runOnLocation(command, context, async (run) => {
      const { report, format, findings } = run;
      const collecting = { api, namespace, dryRun, report, context };
      const leftovers = await collect(collecting);
      write(context, format, { dryRun, leftovers, runs: await endKilled(run, collecting, waitMs), findings });
    });
    return;
  }
  const format = outputFormat(command);
  const findings: Finding[] = [];
  const show = findingWriter(format, (line) => context.stderr.write(`${line}\n`));
  const report: FindingSink = (finding) => {
    findings.push(finding);
    show(finding);
  };
  write(context, format, { dryRun, leftovers: await collect({ api, namespace, dryRun, report, context }), runs: [], findings });
}

async function collect({ api, namespace, dryRun, report, context }: Collecting): Promise<readonly Leftover[]> {
  const { clock, signal } = context;
  const options = { clock, report, signal, dryRun };
  const found = await collectLeftovers(api, { ...options, namespace });
  const known = new Set(found.map(idOf));
  const live = await collectLeftovers(api, { ...options, namespace: liveNamespace(namespace) });
  return [...found, ...live.filter((leftover) => !known.has(idOf(leftover)))];
}

function idOf({ kind, namespace = "", name }: Leftover): string {
  return `${kind} ${namespace}/${name}`;
}

async function endKilled(
  { location, display }: LocationRun,
  { api, namespace, dryRun, report, context }: Collecting,
  waitMs: number,
): Promise<readonly EndedRun[]> {
  const { clock, signal } = context;
  const { id: cluster } = await identifyCluster(api, signal);
  const killed: RecordedHeader[] = [];
  for (const header of await openSwaps(location, undefined, { signal })) {
    if (header.cluster === cluster && !(await isAlive(api, header, signal))) killed.push(header);
  }
  if (dryRun || killed.length === 0) return killed.map(({ id }) => ({ run: id, outcome: "killed" }));
  const table = await discover(api, signal);
  const ended: EndedRun[] = [];
  for (const header of killed) {
    await using run = await openRun(api, { kind: "restore", namespace, unit: unitText(header.path), clock, report, signal });
    const request = { run, table, cluster, location, place: header, ownersPaused: false, waitMs, report, progress: display.sink };
    const { outcome, missing } = await endSwap(request, header);
    for (const one of missing) report(notReady(header, one));
    ended.push({ run: header.id, outcome });
  }
  return ended;
}

function notReady({ id }: RecordedHeader, missing: string): Finding {
  return { grade: "partial", code: "run_not_ready", object: `run ${id}`, message: `It is ended, and something is not ready: ${missing}` };
}

interface Result {
  readonly dryRun: boolean;
  readonly leftovers: readonly Leftover[];
  readonly runs: readonly EndedRun[];
  readonly findings: readonly Finding[];
}

const COLUMNS = [{ title: "Kind" }, { title: "Namespace" }, { title: "Name" }, { title: "Run" }, { title: "" }] as const;

function write(context: CommandContext, format: OutputFormat, result: Result): void {
  const { findings } = result;
  writeResult(context, format, result, () => text(result));
  const missed = findings.filter(({ code }) => code === "leftover_stays").length;
  if (missed === 0) return;
  throw new DomainError("partial", "incomplete", `Cannot remove all of it: ${counted(missed, "object")} left, as said above`);
}

function text({ dryRun, leftovers, runs }: Result): string {
  if (leftovers.length === 0 && runs.length === 0) return "Nothing is left over";
  const rows = leftovers.map(({ kind, namespace = "", name, run, action }) =>
    [kind, namespace, name, run.toUpperCase(), action === "unmarked" ? "mark removed" : ""].map(shownText),
  );
  const ends = {
    killed: "was killed, and would be ended",
    "rolled-back": "was killed: the old volumes serve again",
    succeeded: "was killed, and is brought to its end",
  };
  return [
    ...(rows.length === 0 ? [] : [formatTable(COLUMNS, rows), `${dryRun ? "Would remove" : "Removed"} ${counted(rows.length, "object")}`]),
    ...runs.map(({ run, outcome }) => `Run ${run} ${ends[outcome]}`),
  ].join("\n");
}
