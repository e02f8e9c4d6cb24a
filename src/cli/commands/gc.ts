/** `holdfast gc` */
import type { Command } from "commander";
import { collectLeftovers, type Leftover } from "../../run/gc.ts";
import { runOnCluster } from "../cluster-run.ts";
import type { CommandContext } from "../context.ts";
import { readHoldfastNamespace } from "../mover-options.ts";
import { writeResult } from "../output.ts";
import { counted, shownText } from "../shown.ts";
import { type Column, formatTable } from "../table.ts";

export interface GcOptions {
  readonly dryRun?: boolean;
}

const COLUMNS: readonly Column[] = [{ title: "Kind" }, { title: "Namespace" }, { title: "Name" }, { title: "Run" }, { title: "" }];

export async function gc({ dryRun = false }: GcOptions, command: Command, context: CommandContext): Promise<void> {
  const namespace = readHoldfastNamespace(command, context);
  const { clock, signal } = context;
  await runOnCluster(command, context, async ({ api, report, format, findings }) => {
    const leftovers = await collectLeftovers(api, { namespace, clock, report, signal, dryRun });
    writeResult(context, format, { dryRun, leftovers, findings }, () => leftoversText(leftovers, dryRun));
  });
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
