/** `holdfast point extract` */
import type { Command } from "commander";
import { namesInPath } from "../../archive/reading/snapshot-trees.ts";
import { DomainError } from "../../base/errors.ts";
import { nameOf } from "../../kube/resource-type.ts";
import { pathOfObject } from "../../point/object-path.ts";
import type { PointObject } from "../../point/point-object.ts";
import type { RestorePoint } from "../../point/restore-point.ts";
import type { CommandContext } from "../context.ts";
import { withPoint } from "../find-point.ts";
import { runOnLocation } from "../location-run.ts";
import { ResultStream } from "../text-stream.ts";

export async function pointExtract(name: string, path: string, command: Command, context: CommandContext): Promise<void> {
  await runOnLocation(command, context, async (run) => {
    await withPoint(run, name, async (point) => {
      await using output = new ResultStream(context);
      const file = await point.readFile(namesInPath(path));
      const object = file === undefined ? await findObject(point, path) : undefined;
      const json = file ?? Buffer.from(`${JSON.stringify(object, null, 2)}\n`);
      await output.bytes(json);
    });
  });
}

/** `deployment/web`, `shop/deployment/web`, `deployments.apps/web`. */
async function findObject(point: RestorePoint, path: string): Promise<PointObject["object"]> {
  const [name = "", kind = "", namespace, ...more] = path.split("/").toReversed();
  const wanted = kind.toLowerCase();
  const resources = point.description.resources.filter(
    (resource) => resource.kind.toLowerCase() === wanted || resource.plural === wanted || nameOf(resource) === wanted,
  );
  const found: PointObject[] = [];
  if (more.length === 0) {
    const isWanted = ({ resource, namespace: folder }: Pick<PointObject, "namespace" | "resource">): boolean =>
      (namespace === undefined || namespace === folder) && resources.some((one) => nameOf(one) === nameOf(resource));
    for await (const object of point.objects(isWanted)) if (object.name === name) found.push(object);
  }
  const [first, ...others] = found;
  if (first === undefined) {
    throw new DomainError(
      "not-found",
      "path_not_found",
      `Cannot extract "${path}": restore point ${point.description.id} does not have it`,
      {
        hint: 'Run "holdfast point browse" to see what there is',
      },
    );
  }
  if (others.length === 0) return first.object;
  throw new DomainError("usage", "object_ambiguous", `Cannot tell which object "${path}" is: there are ${found.length}`, {
    details: { paths: found.map((object) => pathOfObject(object, object.name).join("/")) },
    hint: "Add the namespace or the group, or give the whole path",
  });
}
