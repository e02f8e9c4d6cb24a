/** `holdfast gc` */
import type { Command } from "commander";
import { collectLeftovers, type Leftover } from "../../run/gc.ts";
import { runOnCluster } from "../cluster-run.ts";
import type { CommandContext } from "../context.ts";
import { type EndedSwap, endKilledSwaps } from "../end-killed-swaps.ts";
import { readHoldfastNamespace } from "../mover-options.ts";
import { writeResult } from "../output.ts";
import { counted, shownText } from "../shown.ts";
import { type Column, formatTable } from "../table.ts";
import { liveNamespace } from "../volume-tools.ts";

export interface GcOptions {
  readonly dryRun?: boolean;
}

const COLUMNS: readonly Column[] = [{ title: "Kind" }, { title: "Namespace" }, { title: "Name" }, { title: "Run" }, { title: "" }];

export async function gc({ dryRun = false }: GcOptions, command: Command, context: CommandContext): Promise<void> {
  const namespace = readHoldfastNamespace(command, context);
  const { clock, signal } = context;
  await runOnCluster(command, context, async ({ api, report, format, findings }) => {
    // Before what they left is removed: volumes that were filled are among it.
    const swaps = await endKilledSwaps({ api, namespace, dryRun }, command, context);
    const options = { clock, report, signal, dryRun };
    const found = await collectLeftovers(api, { namespace, ...options });
    const known = new Set(found.map(keyOf));
    const live = await collectLeftovers(api, { namespace: liveNamespace(namespace), ...options });
    const leftovers = [...found, ...live.filter((leftover) => !known.has(keyOf(leftover)))];
    writeResult(context, format, { dryRun, swaps, leftovers, findings }, () =>
      [...swaps.map(swapText), leftoversText(leftovers, dryRun)].join("\n"),
    );
  });
}

function keyOf({ kind, namespace = "", name }: Leftover): string {
  return `${kind} ${namespace}/${name}`;
}

function swapText({ run, unit, outcome, missing }: EndedSwap): string {
  const ends = {
    open: "would be brought to its end",
    "rolled-back": "the old volumes serve again",
    succeeded: "all works on the restored volumes, and it is brought to its end",
  };
  const notReady = missing.length === 0 ? "" : `; not ready: ${missing.join(", ")}`;
  return `Run ${run} of ${shownText(unit)} was killed in mid-exchange: ${ends[outcome]}${notReady}`;
}

function leftoversText(leftovers: readonly Leftover[], dryRun: boolean): string {
  if (leftovers.length === 0) return "Nothing is left of runs that were killed";
  const rows = leftovers.map(({ kind, namespace = "", name, run, action }) => [
    kind,
    shownText(namespace),
    shownText(name),
    run,
    action === "unmarked" ? "only its mark" : "",
  ]);
  return `${formatTable(COLUMNS, rows)}\n\n${dryRun ? "Would remove" : "Removed"} ${counted(leftovers.length, "thing")}`;
}
