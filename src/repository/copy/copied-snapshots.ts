/** Tells which snapshots a repository has already, as copies, by the rules of restic. */
import type { HexId } from "../../base/ids.ts";
import type { Snapshot } from "../format/snapshot.ts";
import type { StoredSnapshot } from "../snapshots.ts";

export class CopiedSnapshots {
  /** By their own ids, and by those that they had first. */
  readonly #byOrigin: ReadonlyMap<HexId, readonly Snapshot[]>;

  /** @param there those of the target */
  constructor(there: readonly StoredSnapshot[]) {
    const byOrigin = new Map<HexId, Snapshot[]>();
    for (const { id, snapshot } of there) {
      for (const origin of new Set([id, snapshot.original ?? id])) byOrigin.set(origin, [...(byOrigin.get(origin) ?? []), snapshot]);
    }
    this.#byOrigin = byOrigin;
  }

  has({ id, snapshot }: StoredSnapshot): boolean {
    return (this.#byOrigin.get(snapshot.original ?? id) ?? []).some((other) => areAlike(other, snapshot));
  }
}

/** What the copy of a snapshot says: of whom it is one, and nothing of a parent, which the target may not have. */
export function copyOf({ id, snapshot }: StoredSnapshot): Snapshot {
  return { ...snapshot, parent: undefined, original: snapshot.original ?? id };
}

/** Whoever changes tags or paths of a copy, or of what was copied, wants another copy. */
function areAlike(a: Snapshot, b: Snapshot): boolean {
  return (
    a.time.epochNs === b.time.epochNs &&
    a.tree === b.tree &&
    a.hostname === b.hostname &&
    a.username === b.username &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    haveSameMembers(a.paths, b.paths) &&
    haveSameMembers(a.tags, b.tags) &&
    a.excludes.join("\0") === b.excludes.join("\0")
  );
}

function haveSameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && new Set(a).symmetricDifference(new Set(b)).size === 0;
}
