/** `holdfast files restore` */
import { resolve } from "node:path";
import type { Command } from "commander";
import { parseSnapshotPath } from "../../archive/reading/snapshot-path.ts";
import type { Overwrite, RestoreResult, Selection } from "../../archive/restore/options.ts";
import { resolvePath } from "../../archive/restore/resolve-path.ts";
import { restore } from "../../archive/restore/restore.ts";
import { byteStringOf } from "../../base/byte-string.ts";
import { formatBytes } from "../../base/byte-size.ts";
import { DomainError } from "../../base/errors.ts";
import { chooseSnapshot } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { formatElapsed } from "../duration.ts";
import type { ExcludeOptions, IncludeOptions } from "../pattern-options.ts";
import { readPatterns } from "../read-patterns.ts";
import { readAsOf } from "../numbers.ts";
import { openReadingSession, runOnRepository, writeSummary } from "../repository-run.ts";
import { counted, shortId } from "../shown.ts";
import { filesRestoreImage } from "./files-restore-image.ts";
import type { AsOfOptions, SnapshotFilterOptions } from "../snapshot-options.ts";

export interface FilesRestoreOptions extends SnapshotFilterOptions, AsOfOptions, ExcludeOptions, IncludeOptions {
  readonly target?: string;
  readonly image?: string;
  readonly overwrite?: Overwrite;
  readonly delete?: boolean;
  readonly sparse: boolean;
  readonly verify?: boolean;
  readonly dryRun?: boolean;
  readonly verbose?: boolean;
}

export async function filesRestore(place: string, given: FilesRestoreOptions, command: Command, context: CommandContext): Promise<void> {
  if (given.image !== undefined) {
    await filesRestoreImage(place, { ...given, image: given.image }, command, context);
    return;
  }
  const { target: folder } = given;
  if (folder === undefined) {
    throw new DomainError("usage", "restore_target", "Cannot restore: nothing says where to", {
      hint: "Use --target with a folder, or --image with a block device or file",
    });
  }
  const { snapshot: name, path } = parseSnapshotPath(place);
  const select = await readSelection(given, context);
  const { clock } = context;
  const { dryRun = false } = given;
  const asOf = readAsOf(given);
  await runOnRepository(
    command,
    context,
    async (run) => {
      const { report, display, cache } = run;
      await using session = await openReadingSession(run);
      const { repository, index, signal } = session;
      const stored = chooseSnapshot(session.snapshots, name, given);
      const startMs = clock.monotonicMs();
      const what = await resolvePath(repository, stored.snapshot.tree, byteStringOf(path), { index, cache, signal });
      const target = resolve(folder);
      const result = await restore(repository, {
        ...what,
        target,
        index,
        cache,
        select,
        overwrite: given.overwrite ?? "always",
        deleteExtra: given.delete ?? false,
        dryRun,
        verify: given.verify ?? false,
        sparse: given.sparse,
        onEntry: given.verbose === true ? ({ action, path: at }) => display.message(`${action} ${at}`) : undefined,
        clock,
        report,
        progress: display.sink,
        signal,
      });
      const durationMs = Math.round(clock.monotonicMs() - startMs);
      writeSummary(run, { snapshot: stored.id, target, dryRun, ...result, durationMs }, () => {
        const head = `${dryRun ? "Would restore" : "Restored"} snapshot ${shortId(stored.id)} to ${target}, ${formatElapsed(durationMs)}`;
        return [head, ...resultText(result)].join("\n");
      });
    },
    asOf,
  );
}

async function readSelection(given: FilesRestoreOptions, context: CommandContext): Promise<Selection> {
  return {
    includes: await readPatterns(given.include, given.includeFile, context),
    includesIgnoringCase: await readPatterns(given.iinclude, given.iincludeFile, context),
    excludes: await readPatterns(given.exclude, given.excludeFile, context),
    excludesIgnoringCase: await readPatterns(given.iexclude, given.iexcludeFile, context),
  };
}

function resultText(result: RestoreResult): readonly string[] {
  const { files, bytes, folders, others, hardLinks, unchanged, skipped, deleted, failed, verified } = result;
  const rest = [
    [unchanged, "unchanged"],
    [skipped, "kept as they were"],
    [deleted, "deleted"],
    [failed, "failed"],
    [verified, "read back and right"],
  ] as const;
  const made = [counted(files, "file"), ...(hardLinks > 0 ? [counted(hardLinks, "further name")] : []), counted(folders, "folder")];
  return [
    `${formatBytes(bytes)} in ${[...made, ...(others > 0 ? [`${others} others`] : [])].join(", ")}`,
    ...(rest.some(([count]) => count > 0)
      ? [
          rest
            .filter(([count]) => count > 0)
            .map(([count, what]) => `${count} ${what}`)
            .join(", "),
        ]
      : []),
  ];
}
