/** `holdfast point extract` */
import type { Command } from "commander";
import { resolve } from "node:path";
import { dumpFile } from "../../archive/reading/dump.ts";
import { namesInPath, SnapshotTrees } from "../../archive/reading/snapshot-trees.ts";
import { EVERYTHING, type Overwrite } from "../../archive/restore/options.ts";
import { resolvePath } from "../../archive/restore/resolve-path.ts";
import { restore } from "../../archive/restore/restore.ts";
import { formatBytes } from "../../base/byte-size.ts";
import { byteStringOf } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import type { Session } from "../../repository/session.ts";
import { formatElapsed } from "../duration.ts";
import { writeResult } from "../output.ts";
import { counted } from "../shown.ts";
import { DomainError } from "../../base/errors.ts";
import { nameOf } from "../../kube/resource-type.ts";
import { pathOfObject } from "../../point/object-path.ts";
import type { PointObject } from "../../point/point-object.ts";
import type { RestorePoint } from "../../point/restore-point.ts";
import type { CommandContext } from "../context.ts";
import { withPoint } from "../find-point.ts";
import { type LocationRun, runOnLocation } from "../location-run.ts";
import { ResultStream } from "../text-stream.ts";

export interface PointExtractOptions {
  readonly target?: string;
  readonly overwrite: Overwrite;
}

export async function pointExtract(
  name: string,
  path: string,
  { target, overwrite }: PointExtractOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  await runOnLocation(command, context, async (run) => {
    await withPoint(run, name, async (point, { snapshot }, session) => {
      if (target !== undefined) {
        await extractTo(run, session, {
          point: point.description.id,
          tree: snapshot.snapshot.tree,
          path,
          target: resolve(target),
          overwrite,
        });
        return;
      }
      await using output = new ResultStream(context);
      const node = await new SnapshotTrees(session).find(snapshot.snapshot.tree, namesInPath(path));
      if (node !== undefined && node !== "missing" && node.type === "file") {
        for await (const piece of dumpFile(session, node)) await output.bytes(piece);
        return;
      }
      if (node === undefined || node !== "missing") throw isFolder(path);
      const object = await findObject(point, path);
      await output.bytes(Buffer.from(`${JSON.stringify(object, null, 2)}\n`));
    });
  });
}

interface Extraction {
  readonly point: string;
  readonly tree: HexId;
  readonly path: string;
  readonly target: string;
  readonly overwrite: Overwrite;
}

/** What lies in the folder goes into the target; a single file, too. */
async function extractTo(run: LocationRun, session: Session, { point, tree, path, target, overwrite }: Extraction): Promise<void> {
  const { context, report, display } = run;
  const { repository, index, cache, signal } = session;
  const { clock } = context;
  const startMs = clock.monotonicMs();
  const what = await resolvePath(repository, tree, byteStringOf(path), { index, cache, signal });
  const result = await restore(repository, {
    ...what,
    target,
    index,
    cache,
    select: EVERYTHING,
    overwrite,
    deleteExtra: false,
    dryRun: false,
    verify: true,
    clock,
    report,
    progress: display.sink,
    signal,
  });
  const durationMs = Math.round(clock.monotonicMs() - startMs);
  writeResult(context, run.format, { point, path, target, ...result, durationMs, findings: run.findings }, () => {
    const { files, folders, bytes, skipped } = result;
    const kept = skipped > 0 ? `; ${skipped} kept as they were` : "";
    const written = `${formatBytes(bytes)} in ${counted(files, "file")} and ${counted(folders, "folder")}${kept}`;
    return `Extracted "${path}" of point ${point} to ${target}, ${formatElapsed(durationMs)}\n${written}`;
  });
}

function isFolder(path: string): DomainError {
  return new DomainError("usage", "not_a_file", `Cannot print "${path}": it is not a file`, {
    hint: "Write it to a folder with --target",
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
