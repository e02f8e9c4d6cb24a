/** `holdfast point show` */
import type { Command } from "commander";
import { describeId } from "../../kube/object-id.ts";
import { nameOf } from "../../kube/resource-type.ts";
import type { PointDescription } from "../../point/description.ts";
import type { CommandContext } from "../context.ts";
import { type FoundPoint, withPoint } from "../find-point.ts";
import { runOnLocation } from "../location-run.ts";
import { writeResult } from "../output.ts";
import { counted, localTime, shownText } from "../shown.ts";
import { formatTable, indented } from "../table.ts";
import { volumeSections } from "../volume-text.ts";

export async function pointShow(name: string, command: Command, context: CommandContext): Promise<void> {
  await runOnLocation(command, context, async (run) => {
    await withPoint(run, name, async ({ description }, found) => {
      writeResult(context, run.format, { snapshot: found.snapshot.id, path: found.place.path, ...description }, () =>
        text(description, found),
      );
    });
  });
}

function text(description: PointDescription, found: FoundPoint): string {
  const { id, unit, cluster, resources, dependencies, images, releases, findings } = description;
  const sections = [
    [
      `Restore point ${id}${found.isPartial ? ", partial" : ""}`,
      `Unit      ${shownText(unit.name)} (${unit.kind}), in ${found.place.path}`,
      `Cluster   ${shownText(cluster.name)}, Kubernetes ${shownText(cluster.version)}`,
      `Taken     ${localTime(found.timeMs)}`,
      ...releases.map(
        ({ tool, name, source = "", revision = "" }) =>
          `Release   ${shownText([name, source, revision].filter((part) => part !== "").join(", "))} (${tool})`,
      ),
    ],
    [
      "Objects",
      ...indented(
        formatTable(
          [{ title: "Resource" }, { title: "Count", align: "right" }],
          resources.map((resource) => [shownText(nameOf(resource)), String(resource.count)]),
        ),
      ),
    ],
    ...volumeSections(description),
    ["Needs", ...dependencies.map((dependency) => `  ${shownText(`${describeId(dependency.id)}: ${dependency.why}`)}`)],
    ["Images", ...images.map(({ image, digest = "no digest" }) => `  ${shownText(`${image} ${digest}`)}`)],
    [counted(findings.length, "finding"), ...findings.map(({ object, message }) => `  ${shownText(`${object}: ${message}`)}`)],
  ];
  return sections
    .filter(({ length }, at) => at === 0 || length > 1)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}
