/** Swaps that were killed have a record in the location: with one at hand, they are ended as well as what runs leave in a cluster. */
import type { Command } from "commander";
import { identifyCluster } from "../capture/cluster-identity.ts";
import { discover } from "../kube/discovery.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { openSwaps, runUndo } from "../recover/swap/run-swap.ts";
import { isAlive } from "../run/alive.ts";
import { openRun } from "../run/open-run.ts";
import { readRun } from "../run/records.ts";
import type { CommandContext } from "./context.ts";
import { type LocationRun, runOnLocation } from "./location-run.ts";
import { PASSWORD_VARIABLE } from "./password.ts";
import { unitText } from "./run-text.ts";

export interface EndedSwap {
  readonly run: string;
  readonly unit: string;
  /** `open`: in a dry run. */
  readonly outcome: "open" | "rolled-back" | "succeeded";
  /** What is not ready all the same. */
  readonly missing: readonly string[];
}

export interface EndSwapsOptions {
  readonly api: KubeApi;
  /** Of Holdfast. */
  readonly namespace: string;
  readonly dryRun: boolean;
}

const WAIT_MS = 300_000;

/** Does nothing where no location, or no key of it, was given. */
export async function endKilledSwaps(options: EndSwapsOptions, command: Command, context: CommandContext): Promise<readonly EndedSwap[]> {
  if (!hasLocation(command, context)) return [];
  const ended: EndedSwap[] = [];
  await runOnLocation(command, context, async (run) => {
    const { signal } = context;
    const { id: cluster } = await identifyCluster(options.api, signal);
    for (const header of await openSwaps(run.location, undefined, { signal })) {
      if (header.cluster !== cluster || (await isAlive(options.api, header, signal))) continue;
      const [id, unit] = [header.id, unitText(header.path)];
      if (options.dryRun) ended.push({ run: id, unit, outcome: "open", missing: [] });
      else ended.push({ run: id, unit, ...(await endSwap(run, header, cluster, options)) });
    }
  });
  return ended;
}

async function endSwap(
  { location, report, display, context }: LocationRun,
  header: Parameters<typeof isAlive>[1],
  cluster: string,
  { api, namespace }: EndSwapsOptions,
): Promise<Pick<EndedSwap, "missing" | "outcome">> {
  const { clock, signal } = context;
  await using run = await openRun(api, { kind: "restore", namespace, unit: unitText(header.path), clock, report, signal });
  const table = await discover(api, signal);
  const request = { run, table, cluster, location, place: header, ownersPaused: true, waitMs: WAIT_MS, report, progress: display.sink };
  const done = await runUndo(request, await readRun(location, header, { signal }));
  return done !== undefined && "outcome" in done ? done : { outcome: "succeeded", missing: [] };
}

function hasLocation(command: Command, { environment, stdin }: CommandContext): boolean {
  const { location, passwordFile } = command.opts<{ readonly location?: string; readonly passwordFile?: string }>();
  if (location !== undefined) return true;
  const hasKey = passwordFile !== undefined || (environment[PASSWORD_VARIABLE] ?? "") !== "" || stdin.isTTY === true;
  return (environment["HOLDFAST_LOCATION"] ?? "") !== "" && hasKey;
}
