/** A tree for people, drawn with lines. */
import { terminalWidth } from "./terminal-width.ts";

export interface TreeNode {
  readonly text: string;
  /** Beside the text where there is room for it, or else below. */
  readonly note?: string | undefined;
  readonly children?: readonly TreeNode[];
}

const GAP = "  ";

/** Lines without spaces at their ends, joined by newlines. */
export function formatTree(root: TreeNode, columns: number): string {
  return [...lines(root, "", "", columns)].join("\n");
}

function* lines(node: TreeNode, first: string, rest: string, columns: number): Generator<string, void, undefined> {
  const { text, note = "", children = [] } = node;
  const both = `${first}${text}${note === "" ? "" : `${GAP}${note}`}`;
  const isShort = note === "" || terminalWidth(both) <= columns;
  yield isShort ? both : `${first}${text}`;
  if (!isShort) yield `${rest}${children.length === 0 ? GAP : `│${GAP}`}${GAP}${note}`;
  for (const [index, child] of children.entries()) {
    const isLast = index === children.length - 1;
    yield* lines(child, `${rest}${isLast ? "└─" : "├─"} `, `${rest}${isLast ? " " : "│"}${GAP}`, columns);
  }
}
