/** `holdfast point list` */
import type { Command } from "commander";
import { formatBytes } from "../../base/byte-size.ts";
import type { CommandContext } from "../context.ts";
import { type FoundPoint, listPoints } from "../find-point.ts";
import { runOnLocation, unitsNamed, unitsOf } from "../location-run.ts";
import { writeResult } from "../output.ts";
import { localTime, shownText } from "../shown.ts";
import { formatTable } from "../table.ts";

const COLUMNS = [
  { title: "Point" },
  { title: "Time" },
  { title: "Unit" },
  { title: "Cluster" },
  { title: "Objects", align: "right" },
  { title: "Size", align: "right" },
  { title: "Result" },
] as const;

export async function pointList(unit: string | undefined, command: Command, context: CommandContext): Promise<void> {
  await runOnLocation(command, context, async (run) => {
    const all = await unitsOf(run);
    const units = unit === undefined ? all : unitsNamed(all, unit);
    const points = (await listPoints(run, units)).toSorted((a, b) => a.timeMs - b.timeMs);
    writeResult(context, run.format, { points: points.map(pointJson) }, () =>
      points.length === 0 ? "There are no restore points" : formatTable(COLUMNS, points.map(pointRow)),
    );
  });
}

function pointRow({ id, timeMs, isPartial, place, snapshot }: FoundPoint): readonly string[] {
  const { summary } = snapshot.snapshot;
  return [
    // Enough to tell points apart that were made in different minutes.
    id.slice(0, SHOWN_LETTERS),
    localTime(timeMs),
    shownText(place.unit.name),
    shownText(place.cluster.name),
    summary === undefined ? "" : String(objectCount(summary.totalFilesProcessed)),
    summary === undefined ? "" : formatBytes(summary.totalBytesProcessed),
    isPartial ? "partial" : "whole",
  ];
}

const SHOWN_LETTERS = 12;

/** The description of a point is a file, too. */
function objectCount(files: number): number {
  return Math.max(0, files - 1);
}

function pointJson({ id, timeMs, isPartial, place, snapshot }: FoundPoint): Readonly<Record<string, unknown>> {
  const { summary } = snapshot.snapshot;
  return {
    id,
    snapshot: snapshot.id,
    timeMs,
    unit: place.unit,
    cluster: place.cluster,
    path: place.path,
    isPartial,
    ...(summary === undefined ? {} : { objects: objectCount(summary.totalFilesProcessed), bytes: summary.totalBytesProcessed }),
  };
}
