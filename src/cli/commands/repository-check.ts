/** `holdfast repository check` */
import type { Command } from "commander";
import { formatBytes, parseBytes } from "../../base/byte-size.ts";
import { DomainError } from "../../base/errors.ts";
import { checkRepository } from "../../repository/check/check.ts";
import type { ReadData } from "../../repository/check/read-subset.ts";
import type { CommandContext } from "../context.ts";
import { checkLockExpiry, expiryJson, expiryText } from "../lock-expiry-run.ts";
import { openReadingSession, runOnRepository, writeSummary } from "../repository-run.ts";
import { counted } from "../shown.ts";

export interface RepositoryCheckOptions {
  readonly readData?: boolean;
  readonly readDataSubset?: string;
  readonly withCache?: boolean;
  readonly lockExpiry?: string | true;
}

export async function repositoryCheck(given: RepositoryCheckOptions, command: Command, context: CommandContext): Promise<void> {
  const readData = readDataOf(given);
  await runOnRepository(
    command,
    context,
    async (opened) => {
      // The cache would hide what is damaged in the repository.
      const run = given.withCache === true ? opened : { ...opened, cache: undefined };
      // What the check finds comes with what it touches; the session's own findings would say it twice.
      await using session = await openReadingSession(run, () => undefined);
      const { clock } = context;
      const result = await checkRepository(session, { readData, clock, progress: run.display.sink, report: run.report });
      const early = given.lockExpiry === undefined || !result.ok ? undefined : await checkLockExpiry(run, session, given.lockExpiry);
      writeSummary(run, { ...result, ...(early === undefined ? {} : { lockExpiry: expiryJson(early) }) }, () =>
        [
          `${counted(result.snapshots, "snapshot")}, ${counted(result.trees, "folder")}, ${counted(result.packs, "pack")} looked at`,
          `${formatBytes(result.bytesRead)} read, ${counted(result.packsRead, "pack")} whole`,
          `${counted(result.usedBlobs, "blob")} in use, ${result.unusedBlobs} not in use (${formatBytes(result.unusedBytes)})`,
          result.ok ? "No damage" : "Damaged, as said above",
          ...(given.lockExpiry === undefined ? [] : [expiryText(early)]),
        ].join("\n"),
      );
    },
    { damageHint: "Do what is said about each" },
  );
}

function readDataOf({ readData = false, readDataSubset }: RepositoryCheckOptions): ReadData {
  if (readDataSubset === undefined) return { kind: readData ? "all" : "none" };
  if (readData) throw new DomainError("usage", "read_data", "Cannot check both all data and a part of it");
  const { part, of, percent } = /^(?:(?<part>\d+)\/(?<of>\d+)|(?<percent>\d+(?:\.\d+)?)\s*%)$/.exec(readDataSubset)?.groups ?? {};
  if (percent !== undefined) return { kind: "share", share: requireRange(Number(percent), 0, 100, readDataSubset) / 100 };
  if (part === undefined || of === undefined) return { kind: "bytes", bytes: parseBytes(readDataSubset) };
  const parts = requireRange(Number(of), 1, MAX_PARTS, readDataSubset);
  return { kind: "part", part: requireRange(Number(part), 1, parts, readDataSubset), of: parts };
}

/** Parts are told by the first byte of a pack's id. */
const MAX_PARTS = 256;

function requireRange(value: number, min: number, max: number, text: string): number {
  if (value >= min && value <= max) return value;
  throw new DomainError("usage", "read_data", `Cannot read part "${text}" of the data: there is no such part`, {
    hint: `Write n/m with m up to ${MAX_PARTS}, a percentage as in "5%", or an amount as in "10 GiB"`,
  });
}
