/** `holdfast files restore --image` */
import { resolve } from "node:path";
import type { Command } from "commander";
import { restoreImage } from "../../archive/image/restore-image.ts";
import { findPlace, parseSnapshotPath, requireFolder } from "../../archive/reading/snapshot-path.ts";
import { SnapshotTrees } from "../../archive/reading/snapshot-trees.ts";
import { formatBytes } from "../../base/byte-size.ts";
import { DomainError } from "../../base/errors.ts";
import { chooseSnapshot } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { formatElapsed } from "../duration.ts";
import { readAsOf } from "../numbers.ts";
import { openReadingSession, runOnRepository, writeSummary } from "../repository-run.ts";
import { counted, shortId } from "../shown.ts";
import type { FilesRestoreOptions } from "./files-restore.ts";

/** What says something about files. */
const NOT_WITH_IMAGE = [
  "target",
  "include",
  "iinclude",
  "includeFile",
  "iincludeFile",
  "exclude",
  "iexclude",
  "excludeFile",
  "iexcludeFile",
];

export async function filesRestoreImage(
  place: string,
  given: FilesRestoreOptions & { readonly image: string },
  command: Command,
  context: CommandContext,
): Promise<void> {
  refuseOthers(given, command);
  const { snapshot: name, path } = parseSnapshotPath(place);
  const { clock } = context;
  const { dryRun = false, verify = false } = given;
  const asOf = readAsOf(given);
  await runOnRepository(
    command,
    context,
    async (run) => {
      const { report, display } = run;
      await using session = await openReadingSession(run);
      const stored = chooseSnapshot(session.snapshots, name, given);
      const [onlyPath = "", ...otherPaths] = stored.snapshot.paths;
      const folder = path === "" && otherPaths.length === 0 ? onlyPath : path;
      const startMs = clock.monotonicMs();
      const target = resolve(given.image);
      const { bytes, parts } = await restoreImage(session, {
        tree: requireFolder(await findPlace(new SnapshotTrees(session), stored, folder), folder),
        target,
        mayOverwrite: given.overwrite === "always",
        dryRun,
        verify,
        report,
        progress: display.sink,
      });
      const durationMs = Math.round(clock.monotonicMs() - startMs);
      const json = { snapshot: stored.id, target, dryRun, bytes, parts, verified: verify && !dryRun, durationMs };
      writeSummary(run, json, () => {
        const done = dryRun ? "Would restore" : "Restored";
        const checked = json.verified ? ", read back and right" : "";
        return [
          `${done} the image in snapshot ${shortId(stored.id)} to ${target}, ${formatElapsed(durationMs)}`,
          `${formatBytes(bytes)} in ${counted(parts, "part")}${checked}`,
        ].join("\n");
      });
    },
    asOf,
  );
}

/** @throws {DomainError} usage/restore_image */
function refuseOthers(given: FilesRestoreOptions, command: Command): void {
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) === "cli";
  const other = [...NOT_WITH_IMAGE, "delete", "sparse", "verbose"].find(isGiven);
  const option = command.options.find((candidate) => candidate.attributeName() === other);
  const overwrite = given.overwrite === "if-changed" || given.overwrite === "if-newer" ? `--overwrite ${given.overwrite}` : undefined;
  const refused = option?.long ?? overwrite;
  if (refused === undefined) return;
  throw new DomainError("usage", "restore_image", `Cannot restore an image with ${refused}: that is for files`);
}
