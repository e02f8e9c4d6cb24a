/** `holdfast gc` */
import type { Command } from "commander";
import { addClusterOptions } from "../cluster-options.ts";
import type { GcOptions } from "../commands/gc.ts";
import type { CommandContext } from "../context.ts";
import { addHoldfastNamespace } from "../mover-options.ts";
import { addLocationOptions } from "../repository-options.ts";

export function addGc(program: Command, context: CommandContext): void {
  const gc = program
    .command("gc")
    .description("Remove what runs that were killed have left in the cluster; with a location, end their exchanges of volumes, too")
    .option("-n, --dry-run", "Only say what")
    .option("--wait <duration>", "Wait at most so long until pods have ended, and are ready again", "5m");
  addLocationOptions(addHoldfastNamespace(addClusterOptions(gc))).action(async (given: GcOptions, command: Command) => {
    const { gc: run } = await import("../commands/gc.ts");
    await run(given, command, context);
  });
}
