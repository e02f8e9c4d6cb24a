/** Options of a prune, wherever one can be asked for. */
import type { Command } from "commander";

/** As commander gives them. */
export interface PruneCommandOptions {
  readonly maxUnused?: string;
  readonly maxRepack?: string;
  readonly repackSmall?: boolean;
  readonly repackUncompressed?: boolean;
  readonly grace?: string;
}

export function addPruneOptions(command: Command): Command {
  return command
    .option("--max-unused <limit>", 'Let so much unused data stay, as in "5%", "10 GiB" or unlimited (default: 5%)')
    .option("--max-repack <size>", 'Rewrite no more than this, as in "20 GiB"')
    .option("--repack-small", "Rewrite packs that are much smaller than usual")
    .option("--repack-uncompressed", "Rewrite what is not compressed")
    .option("--grace <duration>", "Delete what was marked so long ago, as in 12h (default: 3d)");
}
