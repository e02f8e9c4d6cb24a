/** `holdfast restore --path` */
import type { Command } from "commander";
import { namesInPath, SnapshotTrees } from "../../archive/reading/snapshot-trees.ts";
import { formatBytes } from "../../base/byte-size.ts";
import { displayText } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import { restorePath } from "../../recover/volumes/restore-path.ts";
import { openCluster } from "../cluster-options.ts";
import type { CommandContext } from "../context.ts";
import { formatElapsed } from "../duration.ts";
import { withPoint } from "../find-point.ts";
import { runOnLocation } from "../location-run.ts";
import { writeResult } from "../output.ts";
import { counted } from "../shown.ts";
import type { RestoreOptions } from "./restore.ts";

/** Of the others, those that say something about files. */
const USED: ReadonlySet<string> = new Set(["path", "existing", "toNamespace", "dryRun"]);

export async function restorePathCommand(
  name: string,
  path: string,
  given: Pick<RestoreOptions, "dryRun" | "existing" | "toNamespace">,
  command: Command,
  context: CommandContext,
): Promise<void> {
  refuseOthers(command);
  const { existing, toNamespace, dryRun = false } = given;
  if (existing === "update") {
    throw new DomainError("usage", "restore_path", 'Cannot use --path with --existing "update": files have no fields', {
      hint: 'Choose "fail", "keep" or "replace"',
    });
  }
  const { signal, clock } = context;
  await using api = await openCluster(command, context);
  await runOnLocation(command, context, async (run) => {
    await withPoint(run, name, async (point, { snapshot }, session) => {
      const startMs = clock.monotonicMs();
      const names = namesInPath(path);
      const [folder, volumeName] = names.slice(0, 2).map(displayText);
      const volume = point.description.volumes.find(({ data }) => data?.path[0] === folder && data?.path[1] === volumeName);
      if (volume?.mode !== "Filesystem") throw noVolume(path, volume !== undefined);
      const claim = { namespace: toNamespace ?? volume.namespace, name: volume.claim };
      const result = await restorePath({
        api,
        session,
        trees: new SnapshotTrees(session),
        tree: snapshot.snapshot.tree,
        volume: names.slice(0, 2),
        path: names.slice(2),
        claim,
        existing,
        dryRun,
        report: run.report,
        signal,
      });
      const durationMs = Math.round(clock.monotonicMs() - startMs);
      const json = { point: point.description.id, path, claim, dryRun, ...result, durationMs, findings: run.findings };
      writeResult(context, run.format, json, () => {
        const { files, bytes, replaced, kept, pod } = result;
        const details = [...(replaced > 0 ? [`${replaced} replaced`] : []), ...(kept > 0 ? [`${kept} kept as they were`] : [])];
        const done = dryRun ? "Would restore" : "Restored";
        return `${done} ${formatBytes(bytes)} in ${counted(files, "file")} into claim "${claim.name}" in namespace "${claim.namespace}" through pod "${pod}"${details.length === 0 ? "" : `: ${details.join(", ")}`}; ${formatElapsed(durationMs)}`;
      });
    });
  });
}

function noVolume(path: string, isBlock: boolean): DomainError {
  const state = isBlock ? "it is a block volume, which has no files" : "the point has no volume of that name";
  return new DomainError("usage", "restore_path", `Cannot restore "${path}": ${state}`, {
    hint: 'Write it as volumes/NAME/FOLDER; "holdfast point browse POINT volumes" tells the names',
  });
}

function refuseOthers(command: Command): void {
  const own = command.options.filter((option) => PLAN_OPTIONS.has(option.attributeName()) && !USED.has(option.attributeName()));
  const other = own.find((option) => command.getOptionValueSource(option.attributeName()) === "cli");
  if (other === undefined) return;
  throw new DomainError("usage", "restore_path", `Cannot use --path with ${other.long}: files are put into the claim that is there`, {
    hint: "Leave one of them out",
  });
}

/** Those that are about objects. */
const PLAN_OPTIONS: ReadonlySet<string> = new Set([
  "namePrefix",
  "storageClass",
  "transform",
  "only",
  "dependencies",
  "volumesOnly",
  "objectsOnly",
  "volumeSize",
  "accessMode",
  "plan",
  "swap",
]);
