/** Changes of fields as lines that people read: `~ spec.replicas: 2 -> 3`. Whoever wrote the objects chose the words: none can steer a terminal. */
import { byteStringOf, displayText } from "../../base/byte-string.ts";
import type { JsonValue } from "../../kube/json.ts";
import type { FieldChange } from "./field-changes.ts";

export interface LineOptions {
  /** Columns; at least 40. */
  readonly width: number;
}

const SIGNS: Readonly<Record<FieldChange["what"], string>> = { added: "+", removed: "-", changed: "~", reordered: "~" };
const INDENT = "    ";
/** Of a text of many lines, as many differing ones are shown of each side. */
const MAX_TEXT_LINES = 10;

export function changeLines(changes: readonly FieldChange[], options: LineOptions): readonly string[] {
  return changes.flatMap((change) => linesOf(change, options.width));
}

function linesOf({ path, what, before, after }: FieldChange, width: number): readonly string[] {
  const start = `${SIGNS[what]} ${shown(path)}`;
  if (before === undefined && after === undefined) return [`${start}: (secret value ${what})`];
  if (what === "reordered") return fitting(start, "order", before, after, width);
  if (typeof before === "string" && typeof after === "string" && (before.includes("\n") || after.includes("\n"))) {
    return [start, ...textLines(before, after, width)];
  }
  return fitting(start, undefined, before, after, width);
}

/** In one line if it fits, otherwise the values one below the other. */
function fitting(
  start: string,
  note: string | undefined,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  width: number,
): readonly string[] {
  const head = note === undefined ? start : `${start} (${note})`;
  const sides = [before, after].filter((side) => side !== undefined).map((side) => shown(JSON.stringify(side)));
  const line = `${head}: ${sides.join(" -> ")}`;
  if (line.length <= width) return [line];
  const old = before === undefined ? [] : [clipped(`${INDENT}- ${shown(JSON.stringify(before))}`, width)];
  const now = after === undefined ? [] : [clipped(`${INDENT}+ ${shown(JSON.stringify(after))}`, width)];
  return [head, ...old, ...now];
}

/** The lines between those that both texts begin and end with. */
function textLines(before: string, after: string, width: number): readonly string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const shorter = Math.min(old.length, now.length);
  let first = 0;
  while (first < shorter && old[first] === now[first]) first++;
  let last = 0;
  while (last < shorter - first && old.at(-1 - last) === now.at(-1 - last)) last++;
  return [
    ...sideLines("-", old.slice(first, old.length - last), first, width),
    ...sideLines("+", now.slice(first, now.length - last), first, width),
  ];
}

function sideLines(sign: string, lines: readonly string[], first: number, width: number): readonly string[] {
  const rest = lines.length - MAX_TEXT_LINES;
  return [
    ...lines.slice(0, MAX_TEXT_LINES).map((line, index) => clipped(`${INDENT}${sign} ${first + index + 1}: ${shown(line)}`, width)),
    ...(rest > 0 ? [`${INDENT}${sign} and ${rest} more lines`] : []),
  ];
}

function shown(text: string): string {
  return displayText(byteStringOf(text));
}

function clipped(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}
