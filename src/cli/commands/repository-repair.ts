/** `holdfast repository repair index|packs|snapshots|access|undelete` */
import type { Command } from "commander";
import { DomainError } from "../../base/errors.ts";
import { type HexId, parseHexId } from "../../base/ids.ts";
import { listKeyIds } from "../../repository/keys.ts";
import { repairAccess } from "../../repository/repair/repair-access.ts";
import { repairIndex } from "../../repository/repair/repair-index.ts";
import { repairPacks } from "../../repository/repair/repair-packs.ts";
import { repairSnapshots } from "../../repository/repair/repair-snapshots.ts";
import type { Session } from "../../repository/session.ts";
import { undelete } from "../../repository/undelete.ts";
import { chooseSnapshots } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { findKey } from "../find-key.ts";
import { parseMoment } from "../numbers.ts";
import { openLockedSession, type RepositoryRun, runOnRepository, writeSummary } from "../repository-run.ts";
import { counted, shortId } from "../shown.ts";
import type { SnapshotFilterOptions } from "../snapshot-options.ts";

export interface RepairOptions {
  readonly dryRun?: boolean;
}

export interface RepairIndexOptions extends RepairOptions {
  readonly readAllPacks?: boolean;
}

export interface RepairSnapshotsOptions extends RepairOptions, SnapshotFilterOptions {
  readonly forget?: boolean;
}

export interface RepairUndeleteOptions extends RepairOptions {
  readonly asOf?: string;
}

export async function repairIndexCommand(given: RepairIndexOptions, command: Command, context: CommandContext): Promise<void> {
  const { dryRun = false, readAllPacks = false } = given;
  await repairing(command, context, async (run) => {
    await using session = await openForRepair(run, dryRun);
    const result = await repairIndex(session, { clock: context.clock, dryRun, readAllPacks, report: run.report });
    writeSummary(run, { ...result }, () =>
      [
        would(dryRun, `${counted(result.added.length, "pack")} added to the index, ${result.dropped.length} dropped from it`),
        ...(dryRun ? [] : [`${counted(result.writtenFiles.length, "index file")} written, ${result.removedFiles.length} removed`]),
      ].join("\n"),
    );
  });
}

export async function repairPacksCommand(
  names: readonly string[],
  { dryRun = false }: RepairOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const packs = names.map(packOf);
  await repairing(command, context, async (run) => {
    await using session = await openForRepair(run, dryRun);
    const result = await repairPacks(session, { clock: context.clock, dryRun, packs, report: run.report });
    writeSummary(run, { ...result }, () =>
      would(dryRun, `${counted(result.removedPacks.length, "pack")} removed, ${counted(result.savedBlobs, "blob")} of them saved`),
    );
  });
}

export async function repairSnapshotsCommand(
  names: readonly string[],
  given: RepairSnapshotsOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const { dryRun = false, forget = false } = given;
  await repairing(command, context, async (run) => {
    await using session = await openForRepair(run, dryRun);
    const snapshots = chooseSnapshots(session.snapshots, names, given);
    const result = await repairSnapshots(session, { clock: context.clock, dryRun, forget, snapshots, report: run.report });
    writeSummary(run, { ...result }, () =>
      [
        ...result.rewritten.map(({ id, original }) => `${shortId(original)} is now ${shortId(id)}`),
        dryRun
          ? `${counted(result.findings.length, "snapshot")} damaged`
          : `${counted(result.rewritten.length, "snapshot")} repaired, ${result.removed.length} removed`,
      ].join("\n"),
    );
  });
}

export async function repairAccessCommand(
  names: readonly string[],
  { dryRun = false }: RepairOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  await repairing(command, context, async (run) => {
    const { signal } = context;
    if (run.unprotected !== undefined) run.report(run.unprotected);
    const ids = names.length === 0 ? [] : await listKeyIds(run.repository.store, { signal });
    const lostKeys = names.map((name) => findKey(ids, name));
    const mended = await repairAccess(run.repository, { dryRun, lostKeys, report: run.report, signal });
    writeSummary(run, { mended, dryRun }, () =>
      [...mended.map(({ key, was }) => `${key} was ${was}`), would(dryRun, `${counted(mended.length, "file")} written`)].join("\n"),
    );
  });
}

export async function repairUndeleteCommand(given: RepairUndeleteOptions, command: Command, context: CommandContext): Promise<void> {
  const { dryRun = false } = given;
  const asOfMs = given.asOf === undefined ? undefined : parseMoment(given.asOf, "--as-of");
  const work = async (run: RepositoryRun): Promise<void> => {
    const { clock, signal } = context;
    const undeleted = await undelete(run.repository, { dryRun, asOfMs, clock, report: run.report, signal });
    writeSummary(run, { undeleted, dryRun }, () =>
      [...undeleted.map(({ key, was }) => `${key} was ${was}`), would(dryRun, `${counted(undeleted.length, "object")} given back`)].join(
        "\n",
      ),
    );
  };
  await runOnRepository(command, context, work, { isRepair: true, asOfMs });
}

async function repairing(command: Command, context: CommandContext, work: (run: RepositoryRun) => Promise<void>): Promise<void> {
  await runOnRepository(command, context, work, { isRepair: true });
}

/** The repair says itself what is damaged. */
async function openForRepair(run: RepositoryRun, dryRun: boolean): Promise<Session> {
  return openLockedSession(run, dryRun ? "shared" : "exclusive", () => undefined);
}

function would(dryRun: boolean, text: string): string {
  return dryRun ? `Dry run: ${text}` : text;
}

/** An id, or a file of the repository as check names it. */
function packOf(name: string): HexId {
  try {
    return parseHexId(name.slice(name.lastIndexOf("/") + 1));
  } catch (cause) {
    throw new DomainError("usage", "pack_id", `Cannot repair pack "${name}": not the name of a pack`, {
      cause,
      hint: "Give all 64 digits, as check says them",
    });
  }
}
