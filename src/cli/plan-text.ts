/** The plan of a restore as people read it: what is to happen in numbers, then wave by wave, with the fields that change. */
import { shortId } from "../kube/object-id.ts";
import type { JsonValue } from "../kube/json.ts";
import type { FieldChange } from "../recover/plan/field-changes.ts";
import { AS_IN_POINT, countActions, type PlanEntry, type RestorePlan } from "../recover/plan/plan.ts";
import { formatBytes } from "../base/byte-size.ts";
import type { VolumeNote } from "../recover/volumes/planned-volume.ts";
import { counted, shownText } from "./shown.ts";
import { formatTable } from "./table.ts";
import { cutEnd, terminalWidth } from "./terminal-width.ts";

const COLUMNS = 80;
const NAME_COLUMNS = 56;

export function planText({ point, entries }: RestorePlan): string {
  const planned = entries.filter(({ wave }) => wave !== undefined);
  const waves = [...Map.groupBy(planned, ({ wave }) => wave ?? "").entries()];
  const hasPlaces = new Set(planned.map(({ id }) => id.namespace).filter((name) => name !== undefined)).size > 1;
  return [
    headText(point, entries),
    ...waves.map(([wave, inWave]) => [wave, ...inWave.flatMap((entry) => entryLines(entry, hasPlaces))].join("\n")),
    ...section("left out", leftOutLines(entries)),
  ].join("\n\n");
}

function headText(point: string, entries: readonly PlanEntry[]): string {
  const planned = entries.filter(({ wave }) => wave !== undefined);
  const { create, update, replace, skip } = countActions(planned);
  const written = planned.filter(({ action }) => action !== "skip");
  const refused = written.filter(({ refusal }) => refusal !== undefined).length;
  const grades = (["verified", "checked", "unknown"] as const)
    .map((grade) => [written.filter((entry) => entry.grade === grade && entry.refusal === undefined).length, grade] as const)
    .filter(([count]) => count > 0)
    .map(([count, grade]) => `${count} ${grade}`);
  const doubts = Map.groupBy(
    written.filter((entry) => entry.doubt !== undefined),
    ({ doubt }) => doubt ?? "",
  );
  return [
    `Plan of restore point ${point}`,
    `  ${create} to create, ${update} to update, ${replace} to replace, ${skip} to leave as they are; ${entries.length - planned.length} left out`,
    ...(written.length === 0 ? [] : [`  ${[...grades, ...(refused > 0 ? [`${refused} would be refused`] : [])].join(", ")}`]),
    ...[...doubts].map(([doubt, { length }]) => cutEnd(`  not asked for ${length}: ${shownText(doubt)}`, COLUMNS)),
  ].join("\n");
}

function entryLines(entry: PlanEntry, hasPlaces: boolean): readonly string[] {
  const { id, action, grade, why, refusal, changes = [], transforms, volume } = entry;
  const place = hasPlaces && id.namespace !== undefined ? `${id.namespace}/` : "";
  const name = cutEnd(shownText(`${place}${shortId(id)}`), NAME_COLUMNS);
  const isSame = why === AS_IN_POINT;
  const state = refusal === undefined ? (grade ?? (isSame ? "the same" : "")) : "refused";
  const space = " ".repeat(NAME_COLUMNS - terminalWidth(name));
  return [
    `  ${(action === "skip" ? "keep" : action).padEnd(7)}  ${name}${space}  ${state}`.trimEnd(),
    ...[
      isSame ? undefined : why,
      volume === undefined ? undefined : volumeText(volume),
      transforms === undefined ? undefined : `transformed: ${transforms.join(", ")}`,
      refusal,
    ]
      .filter((text) => text !== undefined)
      .map((text) => cutEnd(`           ${shownText(text)}`, COLUMNS)),
    ...changes.map((change) => cutEnd(`           ${changeText(change)}`, COLUMNS)),
  ];
}

function volumeText({ from, bytes, storageClass, size, mode }: VolumeNote): string {
  const where = from === "snapshot" ? "from its local snapshot" : "from the repository";
  const kind = mode === "Block" ? "block volume" : "volume";
  return `${kind} of ${size}${storageClass === undefined ? "" : ` in class ${storageClass}`}, ${formatBytes(bytes)} ${where}`;
}

function changeText({ path, from, to, isHidden }: FieldChange): string {
  if (isHidden === true) return shownText(`${path}: changed`);
  if (to === undefined) return shownText(`${path}: ${valueText(from)} goes`);
  return shownText(from === undefined ? `${path}: ${valueText(to)}` : `${path}: ${valueText(from)} -> ${valueText(to)}`);
}

function valueText(value: JsonValue | undefined): string {
  return JSON.stringify(value ?? null);
}

function leftOutLines(entries: readonly PlanEntry[]): readonly string[] {
  const out = entries.filter(({ wave }) => wave === undefined);
  const groups = Map.groupBy(out, ({ id, why = "" }) => `${id.kind}\n${withoutName(why)}`);
  const rows = [...groups].map(([key, { length }]) => {
    const [kind = "", why = ""] = key.split("\n");
    return [shownText(kind), String(length), shownText(why)];
  });
  if (rows.length === 0) return [];
  const table = formatTable([{ title: counted(out.length, "object") }, { title: "", align: "right" }, { title: "" }], rows);
  return table.split("\n").map((line) => cutEnd(`  ${line}`, COLUMNS));
}

/** One line for all children, whatever their owners are called. */
function withoutName(why: string): string {
  return why.replaceAll(/"[^"]*"/g, "…");
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [[title, ...lines].join("\n")];
}
