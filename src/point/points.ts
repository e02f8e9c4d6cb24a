/** The restore points of one unit: those snapshots of its repository that are marked as one. */
import { DomainError } from "../base/errors.ts";
import { parseUlid, type Ulid } from "../base/ids.ts";
import { PARTIAL_TAG } from "../repository/forget.ts";
import type { StoredSnapshot } from "../repository/snapshots.ts";

/** What a point is known by without opening it. */
export interface PointHandle {
  readonly id: Ulid;
  readonly snapshot: StoredSnapshot;
  readonly timeMs: number;
  /** Something that was to be captured was not. */
  readonly isPartial: boolean;
}

const POINT_TAG = "point=";
/** Shorter beginnings of ids say nothing but the year. */
const MIN_PREFIX = 6;

export function pointTag(id: Ulid): string {
  return `${POINT_TAG}${id}`;
}

/** The oldest first. Snapshots of files are none. */
export function pointsOf(snapshots: readonly StoredSnapshot[]): readonly PointHandle[] {
  return snapshots.flatMap((stored) => {
    const { tags, time } = stored.snapshot;
    const id = idIn(tags);
    return id === undefined ? [] : [{ id, snapshot: stored, timeMs: time.epochMs, isPartial: tags.includes(PARTIAL_TAG) }];
  });
}

function idIn(tags: readonly string[]): Ulid | undefined {
  const tag = tags.find((text) => text.startsWith(POINT_TAG));
  try {
    return tag === undefined ? undefined : parseUlid(tag.slice(POINT_TAG.length));
  } catch {
    // Anybody may tag a snapshot.
    return undefined;
  }
}

/** The points that a person means by an id, or the beginning of one, or of the snapshot's. */
export function matchingPoints<T extends PointHandle>(points: readonly T[], name: string): readonly T[] {
  if (name === "latest") return points.slice(-1);
  if (name.length < MIN_PREFIX) return [];
  return points.filter(({ id, snapshot }) => id.startsWith(name.toUpperCase()) || snapshot.id.startsWith(name));
}

/**
 * @param where `of unit "shop"`
 * @throws {DomainError} not-found/point_not_found
 * @throws {DomainError} usage/point_ambiguous
 */
export function onePoint<T extends PointHandle>(found: readonly T[], name: string, where: string): T {
  const [first, ...others] = found;
  if (first === undefined) {
    throw new DomainError("not-found", "point_not_found", `Cannot find restore point "${name}"${where}: there is none`, {
      hint: `Run "holdfast point list" to see what is there; "latest" is the newest, and the first ${MIN_PREFIX} letters of an id are enough`,
    });
  }
  if (others.length === 0) return first;
  throw new DomainError("usage", "point_ambiguous", `Cannot find restore point "${name}"${where}: ${found.length} ids begin like that`, {
    details: { ids: found.slice(0, 10).map(({ id }) => id) },
    hint: "Give more letters of the id",
  });
}
