/** `holdfast run …` */
import type { Command } from "commander";
import { addClusterOptions } from "../cluster-options.ts";
import type { RunReleaseOptions } from "../commands/run-release.ts";
import type { RunUndoOptions } from "../commands/run-undo.ts";
import type { CommandContext } from "../context.ts";
import { addHoldfastNamespace } from "../mover-options.ts";
import { addLocationOptions } from "../repository-options.ts";

const RUN_ARGUMENT = "Id of a run, or its beginning";

export function addRun(program: Command, context: CommandContext): void {
  const run = program.command("run").helpCommand(false).description("Look at what was done, and undo what can be undone");
  const list = run
    .command("list")
    .argument("[unit]", "Only those of this unit: its name, or CLUSTER/NAME")
    .description("List the backups, restores and swaps of a location, and how they ended");
  addLocationOptions(list).action(async (unit: string | undefined, _given: object, command: Command) => {
    const { runList } = await import("../commands/run-list.ts");
    await runList(unit, command, context);
  });
  const show = run.command("show").argument("<run>", RUN_ARGUMENT).description("Say what a run did, step by step");
  addLocationOptions(show).action(async (name: string, _given: object, command: Command) => {
    const { runShow } = await import("../commands/run-show.ts");
    await runShow(name, command, context);
  });
  const undo = run
    .command("undo")
    .argument("<run>", RUN_ARGUMENT)
    .description("Put back the volumes that a swap has set aside, and set aside those that took their place")
    .option("--owners-paused", "What could start pods again, and Holdfast cannot pause, is paused")
    .option("--wait <duration>", "Wait at most so long until pods have ended, and are ready again", "5m");
  addLocationOptions(addHoldfastNamespace(addClusterOptions(undo))).action(
    async (name: string, given: RunUndoOptions, command: Command) => {
      const { runUndo } = await import("../commands/run-undo.ts");
      await runUndo(name, given, command, context);
    },
  );
  const release = run
    .command("release")
    .argument("<run>", RUN_ARGUMENT)
    .description("Delete the volumes that a run has set aside: it cannot be undone then")
    .option("-n, --dry-run", "Only say which")
    .option("-y, --yes", "Do not ask");
  addLocationOptions(addClusterOptions(release)).action(async (name: string, given: RunReleaseOptions, command: Command) => {
    const { runRelease } = await import("../commands/run-release.ts");
    await runRelease(name, given, command, context);
  });
}
