/** `holdfast backup` */
import type { Command } from "commander";
import type { BackupOptions } from "../commands/backup.ts";
import { addClusterOptions } from "../cluster-options.ts";
import type { CommandContext } from "../context.ts";
import { addMoverOptions } from "../mover-options.ts";
import { addLocationOptions } from "../repository-options.ts";
import { addUnitsOption } from "../unit-options.ts";
import { addVolumeOptions } from "../volume-options.ts";

export function addBackup(program: Command, context: CommandContext): void {
  const backup = program
    .command("backup")
    .argument("<unit>", 'A namespace, an application of --units, or "cluster" for what belongs to no namespace')
    .description("Take a restore point of an application: its objects, its volumes, and what they depend on")
    .option("--cluster-name <name>", "What to call the cluster (default: as the kubeconfig does)")
    .option("--allow-partial", "Leave out what may not be read, instead of taking no restore point")
    .option("-n, --namespace <name>", "The namespace that it is in, if its name is not enough")
    .option("--dry-run", "Only say what would be captured, and how");
  const whole = addLocationOptions(addClusterOptions(addMoverOptions(addVolumeOptions(addUnitsOption(backup)))));
  whole.action(async (unit: string, given: BackupOptions, command: Command) => {
    const { backup: run } = await import("../commands/backup.ts");
    await run(unit, given, command, context);
  });
}
