/** `holdfast files dump` */
import { type FileHandle, open, rm } from "node:fs/promises";
import type { Command } from "commander";
import { dumpArchive, dumpFile } from "../../archive/reading/dump.ts";
import { findPlace, type FoundPlace } from "../../archive/reading/snapshot-path.ts";
import { SnapshotTrees } from "../../archive/reading/snapshot-trees.ts";
import { DomainError } from "../../base/errors.ts";
import { chooseSnapshot } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { readAsOf } from "../numbers.ts";
import { openReadingSession, runOnRepository } from "../repository-run.ts";
import type { AsOfOptions, SnapshotFilterOptions } from "../snapshot-options.ts";
import { ResultStream } from "../text-stream.ts";

export interface FilesDumpOptions extends SnapshotFilterOptions, AsOfOptions {
  readonly target?: string;
}

export async function filesDump(
  name: string,
  path: string,
  given: FilesDumpOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const asOf = readAsOf(given);
  await runOnRepository(
    command,
    context,
    async (run) => {
      await using session = await openReadingSession(run);
      const trees = new SnapshotTrees(session);
      const place = await findPlace(trees, chooseSnapshot(session.snapshots, name, given), path);
      if (place.tree !== undefined && given.target === undefined) refuseTerminal(context);
      const pieces =
        place.tree === undefined ? dumpFile(session, requireFile(place, path)) : dumpArchive(session, trees, place.tree, run.report);
      if (given.target === undefined) await toStandardOutput(pieces, context);
      else await toNewFile(pieces, given.target);
    },
    asOf,
  );
}

function requireFile({ node }: FoundPlace, path: string): NonNullable<FoundPlace["node"]> {
  if (node?.type === "file") return node;
  throw new DomainError("usage", "not_a_file", `Cannot dump "${path}": it is neither a file nor a folder`);
}

function refuseTerminal({ stdout }: CommandContext): void {
  if (stdout.isTTY !== true) return;
  throw new DomainError("usage", "terminal_output", "Cannot dump a folder: an archive would garble this terminal", {
    hint: "Use --target, or pass it on, as in | tar -t",
  });
}

async function toStandardOutput(pieces: AsyncIterable<Uint8Array>, context: CommandContext): Promise<void> {
  await using output = new ResultStream(context);
  for await (const piece of pieces) await output.bytes(piece);
}

/** What fails leaves no file. */
async function toNewFile(pieces: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  await using file = await openNew(path);
  try {
    for await (const piece of pieces) await file.writeFile(piece);
  } catch (error) {
    await rm(path, { force: true });
    throw isFull(error) ? targetFull(path, error) : error;
  }
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isThere = code === "EEXIST";
    throw new DomainError(
      isThere ? "conflict" : "forbidden",
      "dump_target",
      `Cannot write to "${path}": ${isThere ? "it exists already" : message}`,
      {
        cause,
      },
    );
  }
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
}

function targetFull(path: string, cause: unknown): DomainError {
  return new DomainError("unavailable", "target_full", `Cannot write to "${path}": no space left`, {
    cause,
    hint: "Nothing was kept of it",
  });
}
