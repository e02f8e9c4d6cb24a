/** `holdfast point browse` */
import type { Command } from "commander";
import { displayText } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import { namesInPath } from "../../archive/reading/snapshot-trees.ts";
import type { CommandContext } from "../context.ts";
import { withPoint } from "../find-point.ts";
import { runOnLocation } from "../location-run.ts";
import { ResultStream } from "../text-stream.ts";

export async function pointBrowse(name: string, path = "", command: Command, context: CommandContext): Promise<void> {
  await runOnLocation(command, context, async (run) => {
    await withPoint(run, name, async (point) => {
      await using output = new ResultStream(context);
      const entries = await point.browse(namesInPath(path));
      if (entries === undefined) {
        throw new DomainError(
          "not-found",
          "path_not_found",
          `Cannot browse "${path}": restore point ${point.description.id} does not have it`,
          {
            hint: "Leave out the path to see what there is",
          },
        );
      }
      for (const { name: entry, type, size } of entries) {
        const shown = displayText(entry);
        if (run.format === "json") await output.line(JSON.stringify({ name: shown, type, ...(type === "file" ? { size } : {}) }));
        else await output.line(type === "dir" ? `${shown}/` : shown);
      }
    });
  });
}
