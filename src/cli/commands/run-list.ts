/** `holdfast run list` */
import type { Command } from "commander";
import { textIn } from "../../kube/json.ts";
import { listRuns, type RunSummary } from "../../run/records.ts";
import type { CommandContext } from "../context.ts";
import { runOnLocation, unitsNamed, unitsOf } from "../location-run.ts";
import { writeResult } from "../output.ts";
import { outcomeText, runJson, SHOWN_LETTERS, unitText } from "../run-text.ts";
import { localTime, shownText } from "../shown.ts";
import { formatTable } from "../table.ts";

const COLUMNS = [{ title: "Run" }, { title: "Time" }, { title: "Kind" }, { title: "Unit" }, { title: "Of" }, { title: "Result" }] as const;

export async function runList(unit: string | undefined, command: Command, context: CommandContext): Promise<void> {
  await runOnLocation(command, context, async (run) => {
    const { location, report, format } = run;
    const { signal } = context;
    const paths = unit === undefined ? undefined : new Set(unitsNamed(await unitsOf(run), unit).map(({ path }) => path));
    const runs = (await listRuns(location, undefined, { report, signal })).filter(({ header }) => paths?.has(header.path) !== false);
    writeResult(context, format, { runs: runs.map(runJson) }, () =>
      runs.length === 0 ? "There are no runs" : formatTable(COLUMNS, runs.map(runRow)),
    );
  });
}

function runRow(run: RunSummary): readonly string[] {
  const { id, time, kind, path } = run.header;
  return [
    id.slice(0, SHOWN_LETTERS),
    localTime(Temporal.Instant.from(time).epochMilliseconds),
    shownText(kind),
    shownText(unitText(path)),
    shownText(objectOf(run)),
    outcomeText(run),
  ];
}

/** What it made, restored or undid. */
function objectOf({ header: { of, point }, end }: RunSummary): string {
  if (of !== undefined) return `run ${of.slice(0, SHOWN_LETTERS)}`;
  const made = point ?? textIn(end?.facts, "point");
  return made === undefined ? "" : `point ${made.slice(0, SHOWN_LETTERS)}`;
}
