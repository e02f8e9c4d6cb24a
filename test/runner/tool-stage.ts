/** A stage that is one npm tool: it counts as one test, which fails when the tool does. */
import { join } from "node:path";
import { runChild } from "./child.ts";
import type { Stage } from "./stage.ts";
import { EMPTY_TALLY, failed } from "./tally.ts";

/** @param script The tool's program, below node_modules. */
export function toolStage(name: string, script: string, args: readonly string[] = []): Stage {
  return {
    name,
    async run({ root, signal, print }) {
      const result = await runChild(process.execPath, [join(root, "node_modules", script), ...args], { cwd: root, signal });
      if (result.ok) return { ...EMPTY_TALLY, passed: 1 };
      const text = result.output.trimEnd();
      print(text);
      return failed(name, text);
    },
  };
}
