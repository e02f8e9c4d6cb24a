/** `holdfast app show` */
import type { Command } from "commander";
import { type AppDescription, describeApp } from "../../application/description/describe.ts";
import { findTarget } from "../../application/discovery/find-target.ts";
import { MembershipRules } from "../../application/membership.ts";
import type { Finding } from "../../base/finding.ts";
import { appTree } from "../app-tree.ts";
import { runOnCluster } from "../cluster-run.ts";
import type { CommandContext } from "../context.ts";
import { writeResult } from "../output.ts";
import { formatTree } from "../tree.ts";
import { readDeclaredUnits } from "../unit-options.ts";

export interface AppShowOptions {
  readonly namespace?: string;
  readonly units?: string;
}

/** Of what is no terminal. */
const COLUMNS = 80;

export async function appShow(name: string, given: AppShowOptions, command: Command, context: CommandContext): Promise<void> {
  const { signal, stdout } = context;
  const declared = await readDeclaredUnits(given.units, signal);
  await runOnCluster(command, context, async ({ api, table, format, report, findings }) => {
    const rules = await MembershipRules.load(api, table, declared, signal);
    const target = await findTarget(api, rules, declared, name, { namespace: given.namespace, report, signal });
    const described = await describeApp(api, table, rules, target, { report, signal });
    writeResult(context, format, json(described, findings), () => formatTree(appTree(described), stdout.columns ?? COLUMNS));
  });
}

/** Objects stay out of it: what they are is asked of the cluster, and Secrets are nobody's business. */
function json({ target: { unit, view }, contents, releases, dependencies }: AppDescription, findings: readonly Finding[]): unknown {
  const { found, missing, uses } = dependencies;
  return {
    unit,
    ...(view === undefined ? {} : { view: { name: view.name, namespace: view.namespace, foundBy: view.foundBy } }),
    releases,
    ...contents,
    dependencies: found.map(({ id, why, of }) => ({ id, why, of })),
    missing,
    uses,
    findings,
  };
}
