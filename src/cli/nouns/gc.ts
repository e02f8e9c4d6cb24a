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
    .description(
      "Remove what backups and restores that were killed have left in the cluster, as the next one does, too; with a location, end killed swaps",
    )
    .option("--dry-run", "Only say what would be removed");
  addLocationOptions(addClusterOptions(addHoldfastNamespace(gc))).action(async (given: GcOptions, command: Command) => {
    const { gc: collect } = await import("../commands/gc.ts");
    await collect(given, command, context);
  });
}
