/** `holdfast repository retention show|set|extend` */
import type { Command } from "commander";
import { isoTime } from "../../base/clock.ts";
import { findDefaultRetention } from "../../repository/object-lock/default-retention.ts";
import { extendFile } from "../../repository/object-lock/extend-file.ts";
import { momentText } from "../../repository/object-lock/lock-text.ts";
import { keyOfFile } from "../../repository/layout.ts";
import { PointRetainer } from "../../repository/object-lock/retain-points.ts";
import { changeSettings, readSettings } from "../../repository/object-lock/settings.ts";
import { datesOf, retainedFiles } from "../../repository/object-lock/under-retention.ts";
import { chooseSnapshots } from "../choose-snapshots.ts";
import type { CommandContext } from "../context.ts";
import { formatDuration } from "../duration.ts";
import { openLockedSession, runOnRepository, writeSummary } from "../repository-run.ts";
import { parseRetention, requireObjectLock, requireRetention } from "../retention.ts";
import { counted } from "../shown.ts";
import type { SnapshotFilterOptions } from "../snapshot-options.ts";

const NONE = "none";

export async function retentionShow(command: Command, context: CommandContext): Promise<void> {
  await runOnRepository(command, context, async (run) => {
    const { clock, signal } = context;
    if (run.unprotected !== undefined) run.report(run.unprotected);
    const { settings } = await readSettings(run.repository.files, { signal });
    const retentionMs = settings?.retentionMs ?? 0;
    const { untilMs } = datesOf(retentionMs, clock);
    const value = {
      retentionMs,
      set: settings === undefined ? null : isoTime(settings.timeMs),
      until: retentionMs === 0 ? null : isoTime(untilMs),
    };
    writeSummary(run, value, () => {
      if (retentionMs === 0) return "What is added is not under Object Lock";
      return `What is added is under Object Lock for ${formatDuration(retentionMs)} or more, if it is added now until ${momentText(untilMs)}`;
    });
  });
}

export async function retentionSet(duration: string, command: Command, context: CommandContext): Promise<void> {
  const retentionMs = duration === NONE ? 0 : parseRetention(duration);
  await runOnRepository(command, context, async (run) => {
    const { clock, signal } = context;
    const { repository } = run;
    if (retentionMs > 0) requireObjectLock(repository.store, "Cannot put what is added under Object Lock");
    const { settings: before } = await readSettings(repository.files, { signal });
    const beforeMs = before?.retentionMs ?? 0;
    const longestMs = Math.max(retentionMs, beforeMs);
    // As safe as what it is about, and never less than the one that it replaces.
    const files =
      longestMs === 0 || repository.store.locking === undefined ? repository.files : retainedFiles(repository, datesOf(longestMs, clock));
    await changeSettings(files, { retentionMs }, { clock, signal });
    writeSummary(run, { before: beforeMs, retentionMs }, () =>
      changeText(beforeMs, retentionMs, momentText(datesOf(retentionMs, clock).untilMs)),
    );
  });
}

/** For snapshots from before, or by other programs. */
export async function retentionExtend(
  names: readonly string[],
  given: SnapshotFilterOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  await runOnRepository(command, context, async (run) => {
    const { report, display } = run;
    const retention = requireRetention(run.repository);
    await using session = await openLockedSession(run, "shared");
    const defaultRetention = await findDefaultRetention(run.repository.store, { signal: session.signal });
    if (defaultRetention !== undefined) report(defaultRetention);
    const snapshots = chooseSnapshots(session.snapshots, names, given);
    const retainer = new PointRetainer(session, { newPacks: new Set(), report });
    let extendedPacks = 0;
    for (const [doneItems, { id, snapshot }] of snapshots.entries()) {
      display.sink({ stage: "Extending locks", doneBytes: 0, doneItems, totalItems: snapshots.length });
      session.throwIfLost();
      const extension = await retainer.extend(snapshot, retention);
      extendedPacks += extension.extendedPacks;
      await extendFile(session.repository.store, keyOfFile("snapshots", id), retention.untilMs, { signal: session.signal });
    }
    const until = momentText(retention.untilMs);
    writeSummary(run, { snapshots: snapshots.length, extendedPacks, until: isoTime(retention.untilMs) }, () =>
      [
        `${counted(snapshots.length, "snapshot")} under Object Lock until ${until} or later`,
        `${counted(extendedPacks, "pack")} extended`,
      ].join("\n"),
    );
  });
}

function changeText(beforeMs: number, afterMs: number, until: string): string {
  const kept = "what is stored already stays under Object Lock as long as it is, and nobody can shorten that";
  if (afterMs === 0)
    return beforeMs === 0
      ? "What is added is not under Object Lock, as before"
      : `What is added from now on is not under Object Lock; ${kept}`;
  const now = `What is added from now on is under Object Lock for ${formatDuration(afterMs)} or more, if it is added now until ${until}`;
  if (afterMs < beforeMs) return `${now}; it was ${formatDuration(beforeMs)}, and ${kept}`;
  if (afterMs === beforeMs) return now;
  const older =
    'the next backup extends what it uses of older data, and "holdfast repository retention extend" all that older snapshots need';
  return beforeMs === 0 ? `${now}; ${older}` : `${now}; it was ${formatDuration(beforeMs)}, and ${older}`;
}
