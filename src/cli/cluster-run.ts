/** What every command does that only looks at a cluster: opens it, asks what it serves, and ends as its findings demand. */
import type { Command } from "commander";
import { unavailableGroups } from "../application/unavailable-groups.ts";
import { DomainError } from "../base/errors.ts";
import type { Finding, FindingSink } from "../base/finding.ts";
import { discover } from "../kube/discovery.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import type { ResourceTable } from "../kube/resource-table.ts";
import { openCluster } from "./cluster-options.ts";
import type { CommandContext } from "./context.ts";
import { findingWriter, outputFormat, type OutputFormat } from "./output.ts";
import { counted } from "./shown.ts";

export interface ClusterRun {
  readonly context: CommandContext;
  readonly format: OutputFormat;
  readonly api: KubeApi;
  readonly table: ResourceTable;
  readonly report: FindingSink;
  /** All that were reported so far. */
  readonly findings: readonly Finding[];
}

/**
 * @param work writes its result itself
 * @throws {DomainError} partial/incomplete: of what was reported, after `work` returned
 */
export async function runOnCluster(command: Command, context: CommandContext, work: (run: ClusterRun) => Promise<void>): Promise<void> {
  const format = outputFormat(command);
  const findings: Finding[] = [];
  const show = findingWriter(format, (line) => context.stderr.write(`${line}\n`));
  const report: FindingSink = (finding) => {
    findings.push(finding);
    show(finding);
  };
  await using api = await openCluster(command, context);
  const table = await discover(api, context.signal);
  for (const finding of unavailableGroups(table)) report(finding);
  await work({ context, format, api, table, report, findings });
  const missed = findings.filter(({ grade }) => grade === "partial").length;
  if (missed > 0) {
    throw new DomainError("partial", "incomplete", `Cannot see all of it: ${counted(missed, "thing")} left out, as said above`, {
      details: { findings: findings.length },
    });
  }
}
