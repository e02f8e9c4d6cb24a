/** `holdfast repository prune` */
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import type { PruneCommandOptions } from "../prune-options.ts";
import { prunedJson, prunedText, readPruneSettings, runPrune } from "../prune-run.ts";
import { runOnRepository, writeSummary } from "../repository-run.ts";

export interface RepositoryPruneOptions extends PruneCommandOptions {
  readonly dryRun?: boolean;
}

export async function repositoryPrune(given: RepositoryPruneOptions, command: Command, context: CommandContext): Promise<void> {
  const settings = readPruneSettings(given);
  await runOnRepository(command, context, async (run) => {
    const pruned = await runPrune(run, settings, given.dryRun ?? false);
    writeSummary(run, prunedJson(pruned), () => prunedText(pruned));
  });
}
