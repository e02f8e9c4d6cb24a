/** Finds the restore point that a person means, and opens it. */
import { mapConcurrent } from "../base/concurrency.ts";
import { DomainError } from "../base/errors.ts";
import type { UnitPlace } from "../location/units.ts";
import { matchingPoints, onePoint, type PointHandle, pointsOf } from "../point/points.ts";
import { RestorePoint } from "../point/restore-point.ts";
import type { Session } from "../repository/session.ts";
import { listSnapshots } from "../repository/snapshots.ts";
import { type LocationRun, openUnit, unitsNamed, unitsOf } from "./location-run.ts";
import { openReadingSession, type RepositoryRun } from "./repository-run.ts";

export interface FoundPoint extends PointHandle {
  readonly place: UnitPlace;
}

const CONCURRENT_UNITS = 8;

/** The points of units, the oldest of a unit first. What cannot be read is reported. */
export async function listPoints(run: LocationRun, units: readonly UnitPlace[]): Promise<readonly FoundPoint[]> {
  const lists = await mapConcurrent(units, { limit: CONCURRENT_UNITS, signal: run.context.signal }, async (place) => {
    const opened = await openIfMade(run, place);
    if (opened === undefined) return [];
    const { snapshots, findings } = await listSnapshots(opened.repository, { cache: opened.cache, signal: run.context.signal });
    for (const finding of findings) run.report(finding);
    return pointsOf(snapshots).map(({ id, snapshot, timeMs, isPartial }) => ({ id, snapshot, timeMs, isPartial, place }));
  });
  return lists.flat();
}

/** undefined: the first backup of the unit was ended before its repository was there. */
async function openIfMade(run: LocationRun, place: UnitPlace): Promise<RepositoryRun | undefined> {
  try {
    return await openUnit(run, place);
  } catch (error) {
    if (error instanceof DomainError && error.code === "repository_not_found") return undefined;
    throw error;
  }
}

/**
 * `shop@latest`, `prod/shop@01KB3Z`, `01KB3Z…`, or `shop` for its newest.
 *
 * @throws {DomainError} not-found/point_not_found, not-found/unit_not_found, usage/point_ambiguous
 */
export async function findPoint(run: LocationRun, text: string): Promise<FoundPoint> {
  const units = await unitsOf(run);
  const at = text.lastIndexOf("@");
  if (at !== -1) return ofUnits(run, unitsNamed(units, text.slice(0, at)), text.slice(at + 1));
  const isUnit = units.some(({ unit, cluster, path }) => [unit.name, `${cluster.name}/${unit.name}`, path].includes(text));
  if (isUnit) return ofUnits(run, unitsNamed(units, text), "latest");
  return onePoint(matchingPoints(await listPoints(run, units), text), text, "");
}

async function ofUnits(run: LocationRun, units: readonly UnitPlace[], name: string): Promise<FoundPoint> {
  const [first, ...others] = units as [UnitPlace, ...UnitPlace[]];
  if (name === "latest" && others.length > 0) {
    const names = units.map(({ path }) => `"${path}"`).join(", ");
    throw new DomainError("usage", "unit_ambiguous", `Cannot tell which unit "${first.unit.name}" is: there are ${names}`, {
      hint: "Give the one that is meant as it stands here",
    });
  }
  return onePoint(matchingPoints(await listPoints(run, units), name), name, ` of unit "${first.unit.name}"`);
}

/** Gives it open to `work`. Throws as findPoint() and RestorePoint.open() do. */
export async function withPoint(
  run: LocationRun,
  text: string,
  work: (point: RestorePoint, found: FoundPoint, session: Session) => Promise<void>,
): Promise<void> {
  const found = await findPoint(run, text);
  await using session = await openReadingSession(await openUnit(run, found.place));
  await work(await RestorePoint.open(session, found), found, session);
}
