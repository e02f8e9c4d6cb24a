/** Figures and goals as Markdown. */
import type { Figure, Goal, Outcome, Part } from "./part.ts";

export function report(parts: readonly (readonly [part: Pick<Part<never>, "description" | "name">, outcome: Outcome])[]): string {
  const tables = parts.map(([{ name, description }, { figures }]) => `### ${name}: ${description}\n\n${table(figures)}\n`);
  return `${tables.join("\n")}\n${goalTable(parts.flatMap(([, { goals }]) => goals))}\n`;
}

export function figureText({ what, tool, values }: Figure): string {
  return `${what}, ${tool}: ${Object.entries(values)
    .map(([name, value]) => `${name} ${number(value)}`)
    .join(", ")}`;
}

function table(figures: readonly Figure[]): string {
  const names = [...new Set(figures.flatMap(({ values }) => Object.keys(values)))];
  const head = [line(["what", "tool", ...names]), line(["---", "---", ...names.map(() => "---:")])];
  const rows = figures.map(({ what, tool, values }) => line([what, tool, ...names.map((name) => number(values[name]))]));
  return [...head, ...rows].join("\n");
}

/** In bold what is not reached. */
function goalTable(goals: readonly Goal[]): string {
  const rows = goals.map(({ text, measured, isReached }) => line([text, isReached ? measured : `**${measured}**`]));
  return [line(["goal", "measured"]), line(["---", "---:"]), ...rows].join("\n");
}

function number(value: number | undefined): string {
  if (value === undefined) return "–";
  return value.toFixed(Math.abs(value) < 100 && !Number.isInteger(value) ? 2 : 0);
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
