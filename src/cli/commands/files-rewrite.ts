/** `holdfast files rewrite` */
import type { Command } from "commander";
import { compilePatterns } from "../../archive/path-pattern.ts";
import { type RewrittenTree, TreeRewriter } from "../../archive/reading/rewrite.ts";
import { SnapshotTrees } from "../../archive/reading/snapshot-trees.ts";
import type { ByteString } from "../../base/byte-string.ts";
import { formatBytes } from "../../base/byte-size.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { Snapshot } from "../../repository/format/snapshot.ts";
import { type Timestamp, timestampAt } from "../../repository/format/timestamp.ts";
import { keyOfFile } from "../../repository/layout.ts";
import { deleteForGood } from "../../repository/object-lock/deletion.ts";
import { lockText } from "../../repository/object-lock/lock-text.ts";
import { PointRetainer } from "../../repository/object-lock/retain-points.ts";
import type { Session } from "../../repository/session.ts";
import { saveSnapshot, type StoredSnapshot } from "../../repository/snapshots.ts";
import { chooseSnapshots, parseTags } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { parseMoment } from "../numbers.ts";
import type { ExcludeOptions } from "../pattern-options.ts";
import { readPatterns } from "../read-patterns.ts";
import { openLockedSession, runOnRepository, writeSummary } from "../repository-run.ts";
import { counted, shortId } from "../shown.ts";
import type { SnapshotFilterOptions } from "../snapshot-options.ts";

export interface FilesRewriteOptions extends SnapshotFilterOptions, ExcludeOptions {
  readonly newHost?: string;
  readonly newTime?: string;
  readonly addTag: readonly string[];
  readonly removeTag: readonly string[];
  readonly setTag: readonly string[];
  readonly forget?: boolean;
  readonly dryRun?: boolean;
}

interface Rewritten {
  readonly original: HexId;
  /** Undefined in a dry run. */
  readonly id: HexId | undefined;
  readonly filesRemoved: number;
  readonly bytesRemoved: number;
}

export async function filesRewrite(
  names: readonly string[],
  given: FilesRewriteOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const { clock } = context;
  const { forget = false, dryRun = false } = given;
  const isExcluded = await readExcludes(given, context);
  const changes = readChanges(given);
  if (isExcluded === undefined && changes === undefined) {
    throw new DomainError("usage", "rewrite_nothing", "Cannot rewrite snapshots: nothing says what is to change", {
      hint: "Use --exclude, --new-host, --new-time, --add-tag, --remove-tag or --set-tag",
    });
  }
  await runOnRepository(command, context, async (run) => {
    await using session = await openLockedSession(run, forget && !dryRun ? "exclusive" : "shared");
    const rewriter = new TreeRewriter(session, new SnapshotTrees(session), { isExcluded: isExcluded ?? (() => false), dryRun, clock });
    const retainer = new PointRetainer(session, { newPacks: rewriter.newPacks, report: run.report });
    const rewritten: Rewritten[] = [];
    let locked = 0;
    for (const stored of chooseSnapshots(session.snapshots, names, given)) {
      const { snapshot, id: original } = stored;
      const tree = isExcluded === undefined ? { tree: snapshot.tree, files: 0, bytes: 0 } : await rewriter.rewrite(snapshot.tree);
      const next = changed(stored, tree, changes);
      if (next === undefined) continue;
      if (!dryRun) await rewriter.flush();
      const id = dryRun ? undefined : await save(session, await retainer.retain(next));
      rewritten.push({ original, id, filesRemoved: tree.files, bytesRemoved: tree.bytes });
      if (dryRun || !forget) continue;
      const removal = await deleteForGood(session.repository.store, keyOfFile("snapshots", original), { clock, signal: session.signal });
      if (removal.kind === "deleted") continue;
      locked++;
      const object = `snapshots/${original}`;
      const message = `Cannot remove "${object}" yet: it is ${lockText(removal.untilMs)}`;
      run.report({ grade: "partial", code: "snapshot_locked", object, message });
    }
    writeSummary(run, { rewritten, dryRun }, () =>
      [
        ...rewritten.map(describe),
        `${counted(rewritten.length, "snapshot")} ${dryRun ? "would be rewritten" : "rewritten"}${forget && !dryRun ? `, ${rewritten.length - locked} of the originals removed` : ""}`,
      ].join("\n"),
    );
  });
}

async function save({ repository, signal, throwIfLost }: Session, snapshot: Snapshot): Promise<HexId> {
  throwIfLost();
  return saveSnapshot(repository, snapshot, { signal });
}

async function readExcludes(given: FilesRewriteOptions, context: CommandContext): Promise<((path: ByteString) => boolean) | undefined> {
  const patterns = await readPatterns(given.exclude, given.excludeFile, context);
  const ignoringCase = await readPatterns(given.iexclude, given.iexcludeFile, context);
  if (patterns.length === 0 && ignoringCase.length === 0) return undefined;
  const [exact, folded] = [compilePatterns(patterns), compilePatterns(ignoringCase, { ignoreCase: true })];
  return (path) => exact.matches(path) || folded.matches(path);
}

interface Changes {
  readonly hostname: string | undefined;
  readonly time: Timestamp | undefined;
  readonly tagsOf: (tags: readonly string[]) => readonly string[];
}

function readChanges({ newHost, newTime, addTag, removeTag, setTag }: FilesRewriteOptions): Changes | undefined {
  const [added, removed, set] = [addTag.flatMap(parseTags), removeTag.flatMap(parseTags), setTag.flatMap(parseTags)];
  const tagsStay = added.length === 0 && removed.length === 0 && setTag.length === 0;
  if (newHost === undefined && newTime === undefined && tagsStay) return undefined;
  return {
    hostname: newHost,
    time: newTime === undefined ? undefined : timestampAt(parseMoment(newTime, "--new-time")),
    tagsOf: (tags) => {
      const kept = setTag.length > 0 ? set.filter((tag) => tag !== "") : tags.filter((tag) => !removed.includes(tag));
      return Array.from(new Set([...kept, ...added]));
    },
  };
}

/** Undefined if it would be the same. */
function changed(
  { id, snapshot }: StoredSnapshot,
  { tree, files, bytes }: RewrittenTree,
  changes: Changes | undefined,
): Snapshot | undefined {
  const { summary, hostname, time, tags } = snapshot;
  const next: Snapshot = {
    ...snapshot,
    tree,
    hostname: changes?.hostname ?? hostname,
    time: changes?.time ?? time,
    tags: changes?.tagsOf(tags) ?? tags,
    original: snapshot.original ?? id,
    summary:
      summary === undefined
        ? undefined
        : {
            ...summary,
            totalFilesProcessed: Math.max(0, summary.totalFilesProcessed - files),
            totalBytesProcessed: Math.max(0, summary.totalBytesProcessed - bytes),
          },
  };
  const isSame =
    next.tree === snapshot.tree && next.hostname === hostname && next.time.text === time.text && next.tags.join("\0") === tags.join("\0");
  return isSame ? undefined : next;
}

function describe({ original, id, filesRemoved, bytesRemoved }: Rewritten): string {
  const what = filesRemoved === 0 ? "" : `, without ${counted(filesRemoved, "file")} of ${formatBytes(bytesRemoved)}`;
  return id === undefined ? `${shortId(original)} would change${what}` : `${shortId(original)} is now ${shortId(id)}${what}`;
}
