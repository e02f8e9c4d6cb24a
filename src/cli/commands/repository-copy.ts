/** `holdfast repository copy` */
import type { Command } from "commander";
import { formatBytes } from "../../base/byte-size.ts";
import { DomainError } from "../../base/errors.ts";
import { copySnapshots } from "../../repository/copy/copy.ts";
import { chooseSnapshots } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { readPasswordOf } from "../password.ts";
import {
  openLockedSession,
  openReadingSession,
  openRepositoryAt,
  type RepositoryRun,
  runOnRepository,
  writeSummary,
} from "../repository-run.ts";
import { counted, shortId } from "../shown.ts";
import type { SnapshotFilterOptions } from "../snapshot-options.ts";
import type { VerifyWrites } from "../../repository/blob-packer.ts";

export interface RepositoryCopyOptions extends SnapshotFilterOptions {
  readonly fromRepository?: string;
  readonly fromPasswordFile?: string;
  readonly verifyWrites: VerifyWrites;
  readonly dryRun?: boolean;
}

const FROM_VARIABLE = "HOLDFAST_FROM_REPOSITORY";

export async function repositoryCopy(
  names: readonly string[],
  given: RepositoryCopyOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const fromUrl = given.fromRepository ?? context.environment[FROM_VARIABLE] ?? "";
  if (fromUrl === "") {
    throw new DomainError("usage", "source_missing", "Cannot copy: no repository was named to copy from", {
      hint: `Use --from-repository, or set ${FROM_VARIABLE}`,
    });
  }
  const { clock } = context;
  const { dryRun = false } = given;
  await runOnRepository(command, context, async (run) => {
    const { report, display } = run;
    await using closing = new AsyncDisposableStack();
    const fromRun = await openSource(fromUrl, given, run, closing);
    const from = closing.use(await openReadingSession(fromRun));
    const to = closing.use(await openLockedSession(run, "shared"));
    const snapshots = chooseSnapshots(from.snapshots, names, given);
    const result = await copySnapshots(from, to, { snapshots, dryRun, verify: given.verifyWrites, clock, report, progress: display.sink });
    const { copied, skipped, failed, bytesRead, bytesWritten } = result;
    writeSummary(run, { ...result, dryRun, source: fromRun.traffic }, () =>
      [
        ...copied.map(({ from: old, id }) =>
          id === undefined ? `${shortId(old)} would be copied` : `${shortId(old)} is copied as ${shortId(id)}`,
        ),
        `${counted(copied.length, "snapshot")} copied, ${skipped.length} there already, ${failed.length} damaged`,
        `${formatBytes(bytesRead)} read, ${formatBytes(bytesWritten)} written`,
      ].join("\n"),
    );
  });
}

async function openSource(
  url: string,
  { fromPasswordFile }: RepositoryCopyOptions,
  run: RepositoryRun,
  closing: AsyncDisposableStack,
): Promise<RepositoryRun> {
  const { context, report } = run;
  const source = {
    file: fromPasswordFile,
    option: "--from-password-file",
    variable: "HOLDFAST_FROM_PASSWORD",
    of: "the repository to copy from",
  };
  return openRepositoryAt(url, await readPasswordOf(source, context, report), run, closing);
}
