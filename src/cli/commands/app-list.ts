/** `holdfast app list` */
import type { Command } from "commander";
import { type Counts, discoverUnits, type FoundUnit, type FoundView } from "../../application/discovery/discover.ts";
import { MembershipRules } from "../../application/membership.ts";
import { runOnCluster } from "../cluster-run.ts";
import type { CommandContext } from "../context.ts";
import { writeResult } from "../output.ts";
import { shownText } from "../shown.ts";
import { type Column, formatTable } from "../table.ts";
import { readDeclaredUnits } from "../unit-options.ts";

export interface AppListOptions {
  readonly namespace?: string;
  readonly units?: string;
}

export async function appList(given: AppListOptions, command: Command, context: CommandContext): Promise<void> {
  const { signal } = context;
  const declared = await readDeclaredUnits(given.units, signal);
  await runOnCluster(command, context, async (run) => {
    const rules = await MembershipRules.load(run.api, run.table, declared, signal);
    const units = await discoverUnits(run.api, rules, declared, { namespace: given.namespace, report: run.report, signal });
    writeResult(context, run.format, { units: units.map(unitJson), findings: run.findings }, () => listText(units));
  });
}

function unitJson({ unit, counts, views }: FoundUnit): unknown {
  return { ...unit, ...counts, views: views.map(viewJson) };
}

function viewJson({ view: { name, foundBy, release }, counts }: FoundView): unknown {
  return { name, foundBy, ...(release === undefined ? {} : { release }), ...counts };
}

const COLUMNS: readonly Column[] = [
  { title: "Name" },
  { title: "Namespace" },
  { title: "Found by" },
  { title: "Workloads", align: "right" },
  { title: "Claims", align: "right" },
  { title: "Ready", align: "right" },
];

/** A view that is all there is of a namespace says no more than the namespace, if no mark was found. */
function listText(units: readonly FoundUnit[]): string {
  const lines = units.flatMap(({ unit, counts, views }) => {
    const namespaces = unit.kind === "namespace" ? unit.name : unit.kind === "declared" ? unit.namespaces.join(",") : "";
    const shown = views.filter(({ view }) => views.length > 1 || view.foundBy !== "unlabelled");
    const head = [shownText(unit.name), shownText(namespaces), unit.kind];
    const rows = [head.concat(numbers(counts))];
    for (const { view, counts: own } of shown) {
      rows.push([`  ${shownText(view.name)}`, shownText(view.namespace), view.foundBy].concat(numbers(own)));
    }
    return rows;
  });
  return formatTable(COLUMNS, lines);
}

function numbers(counts: Counts | undefined): readonly string[] {
  if (counts === undefined) return [];
  const { workloads, claims, ready } = counts;
  return [String(workloads), String(claims), workloads === 0 ? "" : `${ready}/${workloads}`];
}
