/** `holdfast files backup` */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import packageJson from "../../../package.json" with { type: "json" };
import { backup } from "../../archive/backup/backup.ts";
import { BackupThreads } from "../../archive/backup/backup-threads.ts";
import type { BackupSource, ExcludeRules } from "../../archive/backup/source.ts";
import { absolutePaths, imageSource, treeSource } from "../../archive/backup/targets.ts";
import { CACHE_FOLDER, parseFolderMark } from "../../archive/exclude.ts";
import { readOwnerNames } from "../../archive/owner-names.ts";
import { byteStringOf, displayText } from "../../base/byte-string.ts";
import { formatBytes, parseBytes } from "../../base/byte-size.ts";
import { DomainError } from "../../base/errors.ts";
import type { VerifyWrites } from "../../repository/blob-packer.ts";
import { findDefaultRetention } from "../../repository/object-lock/default-retention.ts";
import { ownIdentity } from "../../repository/lock-process.ts";
import { findSnapshot, type StoredSnapshot } from "../../repository/snapshots.ts";
import { parseTags } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { formatElapsed } from "../duration.ts";
import { parseMoment } from "../numbers.ts";
import type { ExcludeOptions } from "../pattern-options.ts";
import { readPatterns } from "../read-patterns.ts";
import { openDrySession, openLockedSession, runOnRepository, writeSummary } from "../repository-run.ts";
import { counted, shortId } from "../shown.ts";

export interface FilesBackupOptions extends ExcludeOptions {
  readonly excludeIfPresent: readonly string[];
  readonly excludeCaches?: boolean;
  readonly excludeLargerThan?: string;
  readonly oneFileSystem?: boolean;
  readonly filesFromVerbatim: readonly string[];
  readonly filesFromRaw: readonly string[];
  readonly stdinName?: string;
  readonly image?: string;
  readonly host?: string;
  readonly tag: readonly string[];
  readonly time?: string;
  readonly parent?: string;
  readonly force?: boolean;
  readonly verifyWrites: VerifyWrites;
  readonly dryRun?: boolean;
}

const NS_PER_MS = 1_000_000n;
const STDIN = 0;

export async function filesBackup(
  named: readonly string[],
  given: FilesBackupOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const { clock } = context;
  const { dryRun = false } = given;
  const timeMs = given.time === undefined ? undefined : parseMoment(given.time, "--time");
  const excludes = await readRules(given, context);
  const paths = await pathsOf(named, given);
  const source = await sourceOf(paths, excludes, given, timeMs ?? clock.now());
  const snapshotPaths = given.stdinName === undefined ? absolutePaths(paths, process.cwd()) : [`/${given.stdinName}`];
  await using threads = BackupThreads.prepare();
  await runOnRepository(command, context, async (run) => {
    const { report, display } = run;
    const { username, hostname, uid, gid } = await ownIdentity();
    const host = given.host ?? hostname;
    await using session = await (dryRun ? openDrySession(run) : openLockedSession(run, "shared"));
    const defaultRetention = await findDefaultRetention(run.repository.store, { signal: session.signal });
    if (defaultRetention !== undefined) report(defaultRetention);
    const parent = chooseParent(session.snapshots, given, host, snapshotPaths);
    const result = await backup(session, {
      source,
      description: {
        paths: snapshotPaths,
        hostname: host,
        username,
        uid,
        gid,
        excludes: [...excludes.patterns, ...excludes.patternsIgnoringCase].map(displayText),
        tags: given.tag.flatMap(parseTags),
        programVersion: `holdfast ${packageJson.version}`,
        otherFields: {},
        timeMs,
      },
      parent,
      resume: given.force !== true,
      style: { names: await readOwnerNames() },
      threads,
      verify: given.verifyWrites,
      clock,
      report,
      progress: display.sink,
    });
    writeSummary(run, summaryJson(result, dryRun), () => summaryText(result, dryRun));
  });
}

async function readRules(given: FilesBackupOptions, context: CommandContext): Promise<ExcludeRules> {
  return {
    patterns: await readPatterns(given.exclude, given.excludeFile, context),
    patternsIgnoringCase: await readPatterns(given.iexclude, given.iexcludeFile, context),
    marks: [...given.excludeIfPresent.map(parseFolderMark), ...(given.excludeCaches === true ? [CACHE_FOLDER] : [])],
    largerThanBytes: given.excludeLargerThan === undefined ? undefined : parseBytes(given.excludeLargerThan),
    oneFileSystem: given.oneFileSystem ?? false,
  };
}

async function pathsOf(named: readonly string[], given: FilesBackupOptions): Promise<readonly string[]> {
  const lists = [
    ...given.filesFromVerbatim.map((file) => readPaths(file, /\r?\n/)),
    ...given.filesFromRaw.map((file) => readPaths(file, "\0")),
  ];
  const paths = [...named, ...(await Promise.all(lists)).flat()];
  const { stdinName, image } = given;
  const kinds = [paths.length > 0 ? "paths" : "", stdinName === undefined ? "" : "standard input", image === undefined ? "" : "an image"];
  const [kind, other] = kinds.filter((text) => text !== "");
  if (other !== undefined) throw new DomainError("usage", "backup_both", `Cannot back up ${kind} and ${other} in one snapshot`);
  if (kind === undefined) {
    throw new DomainError("usage", "backup_nothing", "Cannot back up: no path was named", {
      hint: "Name files or folders, or use --stdin-name for standard input, or --image for a disk",
    });
  }
  return image === undefined ? paths : [image];
}

async function readPaths(file: string, separator: string | RegExp): Promise<readonly string[]> {
  try {
    return (await readFile(file === "-" ? "/dev/stdin" : file, "utf8")).split(separator).filter((path) => path !== "");
  } catch (cause) {
    throw new DomainError("usage", "path_file", `Cannot read paths from "${file}": ${(cause as Error).message}`, { cause });
  }
}

async function sourceOf(
  paths: readonly string[],
  excludes: ExcludeRules,
  { stdinName, image }: FilesBackupOptions,
  timeMs: number,
): Promise<BackupSource> {
  if (image !== undefined) return imageSource(image, process.cwd());
  if (stdinName === undefined) return treeSource(paths, process.cwd(), excludes);
  if (stdinName === "" || stdinName === "." || stdinName === ".." || /[/\0]/.test(stdinName)) {
    throw new DomainError("usage", "stdin_name", `Cannot use --stdin-name "${stdinName}": not the name of a file`);
  }
  return { kind: "stream", fd: STDIN, name: byteStringOf(stdinName), nowNs: BigInt(timeMs) * NS_PER_MS };
}

/** The newest of the same host and paths, unless another one is named. */
function chooseParent(
  snapshots: readonly StoredSnapshot[],
  { force = false, parent, stdinName }: FilesBackupOptions,
  host: string,
  paths: readonly string[],
): StoredSnapshot | undefined {
  if (parent !== undefined) return findSnapshot(snapshots, parent);
  if (force || stdinName !== undefined) return undefined;
  return snapshots.findLast(({ snapshot }) => snapshot.hostname === host && isSameSet(snapshot.paths, paths));
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return new Set(a).symmetricDifference(new Set(b)).size === 0;
}

/** A dry run makes no snapshot that could be named. */
function summaryJson({ id, snapshot: { parent, tree, summary } }: StoredSnapshot, dryRun: boolean): Readonly<Record<string, unknown>> {
  const head = { ...(dryRun ? { dryRun } : { snapshot: id }), parent, tree };
  if (summary === undefined) return head;
  return {
    ...head,
    filesNew: summary.filesNew,
    filesChanged: summary.filesChanged,
    filesUnmodified: summary.filesUnmodified,
    foldersNew: summary.dirsNew,
    foldersChanged: summary.dirsChanged,
    foldersUnmodified: summary.dirsUnmodified,
    bytesProcessed: summary.totalBytesProcessed,
    bytesAdded: summary.dataAdded,
    bytesStored: summary.dataAddedPacked,
    durationMs: summary.backupEnd.epochMs - summary.backupStart.epochMs,
  };
}

function summaryText({ id, snapshot: { parent, summary } }: StoredSnapshot, dryRun: boolean): string {
  const compared = parent === undefined ? "" : `, compared with ${shortId(parent)}`;
  const saved = `${dryRun ? "Would save a snapshot" : `Saved snapshot ${shortId(id)}`}${compared}`;
  if (summary === undefined) return saved;
  const counts = (fresh: number, changed: number, unmodified: number): string =>
    `${fresh} new, ${changed} changed, ${unmodified} unmodified`;
  const took = formatElapsed(summary.backupEnd.epochMs - summary.backupStart.epochMs);
  return [
    saved,
    `Files    ${counts(summary.filesNew, summary.filesChanged, summary.filesUnmodified)}`,
    `Folders  ${counts(summary.dirsNew, summary.dirsChanged, summary.dirsUnmodified)}`,
    `Size     ${formatBytes(summary.totalBytesProcessed)} in ${counted(summary.totalFilesProcessed, "file")}, ${took}`,
    `${dryRun ? "To store" : "Stored  "} ${formatBytes(summary.dataAddedPacked)}, which was ${formatBytes(summary.dataAdded)} before compression`,
  ].join("\n");
}
