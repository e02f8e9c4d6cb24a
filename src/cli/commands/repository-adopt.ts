/** `holdfast repository adopt` */
import type { Command } from "commander";
import { DomainError } from "../../base/errors.ts";
import { adopt } from "../../repository/writer.ts";
import type { CommandContext } from "../context.ts";
import { runOnRepository, writeSummary } from "../repository-run.ts";
import { shownText } from "../shown.ts";

export interface RepositoryAdoptOptions {
  readonly cluster: string;
  readonly force?: boolean;
}

export async function repositoryAdopt(
  { cluster, force = false }: RepositoryAdoptOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  if (cluster === "") throw new DomainError("usage", "cluster_name", "Cannot adopt the repository: the cluster has no name");
  const { clock, signal } = context;
  await runOnRepository(command, context, async (run) => {
    const writer = await adopt(run.repository, { cluster, force, clock, signal });
    writeSummary(run, { ...writer }, () => `Cluster ${shownText(writer.cluster)} is the writer of the repository now`);
  });
}
