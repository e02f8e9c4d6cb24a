/** `holdfast run undo` */
import type { Command } from "commander";
import { discover } from "../../kube/discovery.ts";
import { exchangedBy } from "../../recover/swap/undo.ts";
import { runUndo as undo, type SwapReport } from "../../recover/swap/run-swap.ts";
import { openRun } from "../../run/open-run.ts";
import { assertSameCluster } from "../assert-cluster.ts";
import { openCluster } from "../cluster-options.ts";
import type { CommandContext } from "../context.ts";
import { parseDuration } from "../duration.ts";
import { findRun } from "../find-run.ts";
import { runOnLocation } from "../location-run.ts";
import { readHoldfastNamespace } from "../mover-options.ts";
import { writeResult } from "../output.ts";
import { swapText } from "../restore-swap.ts";
import { unitText } from "../run-text.ts";

export interface RunUndoOptions {
  readonly ownersPaused?: boolean;
  readonly wait: string;
}

export async function runUndo(name: string, given: RunUndoOptions, command: Command, context: CommandContext): Promise<void> {
  const { clock, signal } = context;
  const waitMs = parseDuration(given.wait);
  const namespace = readHoldfastNamespace(command, context);
  const startMs = clock.monotonicMs();
  await using api = await openCluster(command, context);
  await runOnLocation(command, context, async (run) => {
    const { report, display, location, format } = run;
    const of = await findRun(run, name);
    await assertSameCluster(run, api, of.header);
    const table = await discover(api, signal);
    const unit = unitText(of.header.path);
    await using own = await openRun(api, { kind: "restore", namespace, unit, clock, report, signal });
    const { ownersPaused = false } = given;
    const { cluster } = of.header;
    const request = { run: own, table, cluster, location, place: of.header, ownersPaused, waitMs, report, progress: display.sink };
    const done = await undo(request, of);
    const totalMs = Math.round(clock.monotonicMs() - startMs);
    const { id } = of.header;
    if (done === undefined) {
      writeResult(context, format, { undone: id, isUndone: false, findings: run.findings }, () => alreadyText(id, exchangedBy(of).length));
    } else if ("outcome" in done) {
      writeResult(context, format, { ended: id, ...done, totalMs, findings: run.findings }, () => endedText(id, done));
    } else {
      const value = { undone: id, isUndone: true, ...done, totalMs, findings: run.findings };
      writeResult(context, format, value, () => undoneText(id, done, totalMs));
    }
  });
}

function alreadyText(id: string, exchanged: number): string {
  return exchanged === 0
    ? `Run ${id} exchanged no volumes: there is nothing to undo`
    : `Run ${id} is undone already: the claims have their old volumes`;
}

function endedText(id: string, { outcome, missing }: { readonly outcome: string; readonly missing: readonly string[] }): string {
  const end = outcome === "succeeded" ? "all works on the restored volumes, and it is brought to its end" : "the old volumes serve again";
  return [`Run ${id} was killed: ${end}`, ...missing.map((one) => `Not ready: ${one}`)].join("\n");
}

function undoneText(id: string, done: SwapReport, totalMs: number): string {
  const volumes = done.claims.map(({ setAside }) => setAside).join(", ");
  return [swapText(`Undone run ${id}`, done, totalMs), `What was written since run ${id} is kept in what is set aside: ${volumes}`].join(
    "\n",
  );
}
