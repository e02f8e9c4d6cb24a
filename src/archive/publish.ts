/** The end of every backup: from here on the snapshot exists. */
import type { FindingSink } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import type { Snapshot } from "../repository/format/snapshot.ts";
import { assertNothingMarked } from "../repository/marks.ts";
import { PointRetainer } from "../repository/object-lock/retain-points.ts";
import type { Session } from "../repository/session.ts";
import { saveSnapshot, type StoredSnapshot } from "../repository/snapshots.ts";

export interface PublishOptions {
  /** That this run has stored. */
  readonly newPacks: ReadonlySet<HexId>;
  /** The marks of prune that were there when it began. */
  readonly seenMarks: ReadonlySet<HexId>;
  readonly report: FindingSink;
}

/**
 * Writes the snapshot when all that it needs is stored and indexed, and kept for long enough.
 *
 * @throws {DomainError} conflict/pruned_meanwhile
 */
export async function publish(
  session: Session,
  snapshot: Snapshot,
  { newPacks, seenMarks, report }: PublishOptions,
): Promise<StoredSnapshot> {
  const retained = await new PointRetainer(session, { newPacks, report }).retain(snapshot);
  await assertNothingMarked(session, seenMarks);
  session.throwIfLost();
  const id = await saveSnapshot(session.repository, retained, { signal: session.signal });
  return { id, snapshot: retained };
}
