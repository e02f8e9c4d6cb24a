/** Volumes and databases as people read them: in a plan, in the summary of a backup, in what a point shows. */
import { formatBytes } from "../base/byte-size.ts";
import type { CapturePlan } from "../capture/volumes/capture-plan.ts";
import { describedVolume } from "../capture/volumes/point-volumes.ts";
import { describedDatabase } from "../capture/volumes/quiesce-all.ts";
import type { PointDatabase, PointDescription, PointVolume } from "../point/description.ts";
import { formatElapsed } from "./duration.ts";
import { counted, shownText } from "./shown.ts";
import { formatTable, indented } from "./table.ts";

type Described = Pick<PointDescription, "databases" | "volumes">;

/** Lines of a summary. */
export function volumeLines({ volumes, databases }: Described): readonly string[] {
  return [
    ...volumes.map((volume) => `Volume   ${shownText(`${volume.namespace}/${volume.claim}`)}  ${dataText(volume)}`),
    ...databases.map((database) => `Database ${shownText(`${database.namespace} ${database.workload}`)}  ${databaseText(database)}`),
  ];
}

/** Sections of what a point shows; empty ones have a title alone. */
export function volumeSections({ volumes, databases }: Described): readonly (readonly string[])[] {
  const volumeRows = volumes.map(({ namespace, claim, method, data, capacityBytes }) =>
    [
      `${namespace}/${claim}`,
      method,
      data?.consistency ?? "-",
      formatBytes(capacityBytes),
      data === undefined ? "-" : formatBytes(data.bytes),
      data === undefined ? "-" : data.path.join("/"),
    ].map(shownText),
  );
  const databaseRows = databases.map((database) =>
    [`${database.namespace} ${database.workload}`, blueprintText(database), databaseText(database)].map(shownText),
  );
  return [
    ["Volumes", ...whenAny(volumeRows, VOLUME_COLUMNS)],
    ["Databases", ...whenAny(databaseRows, [{ title: "Workload" }, { title: "Blueprint" }, { title: "State" }])],
  ];
}

const VOLUME_COLUMNS = [
  { title: "Claim" },
  { title: "Method" },
  { title: "Consistency" },
  { title: "Size", align: "right" },
  { title: "Data", align: "right" },
  { title: "Path" },
] as const;

function whenAny(rows: readonly (readonly string[])[], columns: Parameters<typeof formatTable>[0]): readonly string[] {
  return rows.length === 0
    ? []
    : indented(
        formatTable(
          columns,
          rows.map((row) => [...row]),
        ),
      );
}

/** Of a dry run. */
export function volumePlanText(plan: CapturePlan | undefined): readonly string[] {
  if (plan === undefined || plan.volumes.length === 0) return [];
  const rows = plan.volumes.map(({ claim, method, why }) => [`${claim.namespace}/${claim.name}`, method, why].map(shownText));
  const temporary = temporaryObjects(plan);
  return [
    formatTable([{ title: "Volume" }, { title: "Method" }, { title: "Why" }], rows),
    ...(plan.recognised.length === 0 ? [] : [databasesText(plan)]),
    ...(temporary.length === 0 ? [] : [["For a moment, there would be", ...temporary.map((line) => `  ${shownText(line)}`)].join("\n")]),
  ];
}

function databasesText({ recognised, databases, dumps }: CapturePlan): string {
  const rows = recognised.map((database) => {
    const described = describedDatabase(database);
    const what = dumps.includes(database) ? "dumped" : databases.includes(database) ? "held still while its volumes are cut" : "left alone";
    return [`${described.namespace} ${described.workload}`, blueprintText(described), what].map(shownText);
  });
  return formatTable([{ title: "Database" }, { title: "Blueprint" }, { title: "What is done" }], rows);
}

/** In the namespaces of the application; everything else is in Holdfast's. */
export function temporaryObjects({ cuts }: Pick<CapturePlan, "cuts">): readonly string[] {
  const names = (members: readonly { readonly claim: { readonly name: string } }[]): string =>
    members.map(({ claim }) => claim.name).join(", ");
  return [
    ...cuts.groups.flatMap(({ namespace, members }) => [
      `a VolumeGroupSnapshot in namespace ${namespace}, with a VolumeSnapshot each for ${names(members)}`,
      `the label holdfast.dev/group on the claims ${names(members)} in namespace ${namespace}`,
    ]),
    ...Array.from(
      Map.groupBy(cuts.singles, ({ claim }) => claim.namespace),
      ([namespace, members]) => `a VolumeSnapshot in namespace ${namespace} each for ${names(members)}`,
    ),
  ];
}

export function volumePlanJson(plan: CapturePlan | undefined): Readonly<Record<string, unknown>> {
  if (plan === undefined) return { volumes: [], databases: [], temporary: [] };
  return {
    volumes: plan.volumes.map(describedVolume),
    databases: plan.recognised.map(describedDatabase),
    temporary: temporaryObjects(plan),
  };
}

function dataText({ method, why, data }: PointVolume): string {
  if (data === undefined) return `${method}: ${why}`;
  return `${formatBytes(data.bytes)} in ${counted(data.files, "file")}, by ${method}, consistency ${data.consistency}`;
}

function databaseText({ quiescedMs, why }: PointDatabase): string {
  const held = quiescedMs === undefined ? "not quiesced" : `quiesced for ${formatElapsed(quiescedMs)}`;
  return why === undefined ? held : `${held}: ${why}`;
}

function blueprintText({ blueprint, untested }: PointDatabase): string {
  return untested ? `${blueprint} (untested)` : blueprint;
}
