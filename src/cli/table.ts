/** Aligned columns for people. */
import { terminalWidth } from "./terminal-width.ts";

export interface Column {
  readonly title: string;
  /** Numbers stand under each other by their last digit. @default "left" */
  readonly align?: "left" | "right";
}

/** Lines without spaces at their ends, joined by newlines; cells have no control characters. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) => Math.max(...lines.map((cells) => terminalWidth(cells[index] ?? ""))));
  const lineOf = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const cell = cells[index] ?? "";
        const space = " ".repeat((widths[index] ?? 0) - terminalWidth(cell));
        return align === "right" ? `${space}${cell}` : `${cell}${space}`;
      })
      .join("  ")
      .trimEnd();
  return lines.map(lineOf).join("\n");
}

/** Lines of a text below a title. */
export function indented(text: string): readonly string[] {
  return text.split("\n").map((line) => `  ${line}`);
}
