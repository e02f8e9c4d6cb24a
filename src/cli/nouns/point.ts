/** `holdfast point …` */
import { type Command, Option } from "commander";
import { addClusterOptions } from "../cluster-options.ts";
import type { PointDiffGiven } from "../commands/point-diff.ts";
import type { PointExtractOptions } from "../commands/point-extract.ts";
import type { CommandContext } from "../context.ts";
import { addLocationOptions } from "../repository-options.ts";
import { addUnitsOption } from "../unit-options.ts";

export const POINT_ARGUMENT = "Id of a restore point, its beginning, or UNIT@ID; UNIT or UNIT@latest is the newest of a unit";

export function addPoint(program: Command, context: CommandContext): void {
  const point = program.command("point").helpCommand(false).description("Look at restore points");
  const list = point
    .command("list")
    .argument("[unit]", "Only those of this unit: its name, or CLUSTER/NAME")
    .description("List the restore points of a location");
  addLocationOptions(list).action(async (unit: string | undefined, _given: object, command: Command) => {
    const { pointList } = await import("../commands/point-list.ts");
    await pointList(unit, command, context);
  });
  const show = point.command("show").argument("<point>", POINT_ARGUMENT).description("Say what is in a restore point");
  addLocationOptions(show).action(async (name: string, _given: object, command: Command) => {
    const { pointShow } = await import("../commands/point-show.ts");
    await pointShow(name, command, context);
  });
  const browse = point
    .command("browse")
    .argument("<point>", POINT_ARGUMENT)
    .argument("[path]", "A folder in it, or the beginning of one: objects/shop/apps")
    .description("List what is in a restore point, folder by folder");
  addLocationOptions(browse).action(async (name: string, path: string | undefined, _given: object, command: Command) => {
    const { pointBrowse } = await import("../commands/point-browse.ts");
    await pointBrowse(name, path, command, context);
  });
  const extract = point
    .command("extract")
    .argument("<point>", POINT_ARGUMENT)
    .argument(
      "<path>",
      "objects/shop/apps/deployments/v1/web.json, or in short deployment/web or shop/deployment/web; or volumes/data/some/folder",
    )
    .description("Print one object or file of a restore point, values of Secrets included; or write files of a volume to a folder")
    .option("--target <folder>", "Where to write what lies at the path; without it, one file is printed")
    .addOption(
      new Option("--overwrite <when>", "What happens to files that are there")
        .choices(["always", "if-changed", "if-newer", "never"])
        .default("never"),
    );
  addLocationOptions(extract).action(async (name: string, path: string, given: PointExtractOptions, command: Command) => {
    const { pointExtract } = await import("../commands/point-extract.ts");
    await pointExtract(name, path, given, command, context);
  });
  const diff = point
    .command("diff")
    .argument("<before>", POINT_ARGUMENT)
    .argument("[after]", 'Another restore point, or "live": the application as it is in the cluster', "live")
    .description("Say what changed between two restore points, or since one, field by field")
    .option("--all", "With what controllers make and servers write by themselves, too: pods, status, versions")
    .option("--exit-code", "End with exit code 6 if anything differs");
  addLocationOptions(addUnitsOption(addClusterOptions(diff))).action(
    async (before: string, after: string, given: PointDiffGiven, command: Command) => {
      const { pointDiff } = await import("../commands/point-diff.ts");
      await pointDiff(before, after, given, command, context);
    },
  );
}
