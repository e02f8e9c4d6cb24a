/** Finds the run that a person means. */
import { DomainError } from "../base/errors.ts";
import { listRunPlaces, readRun, type RecordedRun } from "../run/records.ts";
import type { LocationRun } from "./location-run.ts";

/** Shorter beginnings of ids say nothing but the year. */
const MIN_PREFIX = 6;
const MAX_SHOWN = 10;

/**
 * By its id or the beginning of it.
 *
 * @throws {DomainError} not-found/run_not_found, usage/run_ambiguous
 */
export async function findRun({ location, context }: LocationRun, name: string): Promise<RecordedRun> {
  const { signal } = context;
  const places = name.length < MIN_PREFIX ? [] : await listRunPlaces(location, undefined, { signal });
  const [found, ...others] = places.filter(({ id }) => id.startsWith(name.toUpperCase()));
  if (found === undefined) {
    throw new DomainError("not-found", "run_not_found", `Cannot find run "${name}": there is none`, {
      hint: `Run "holdfast run list" to see what is there; the first ${MIN_PREFIX} letters of an id are enough`,
    });
  }
  if (others.length > 0) {
    const ids = [found, ...others].slice(0, MAX_SHOWN).map(({ id }) => id);
    throw new DomainError("usage", "run_ambiguous", `Cannot find run "${name}": ${others.length + 1} ids begin like that`, {
      details: { ids },
      hint: "Give more letters of the id",
    });
  }
  return readRun(location, found, { signal });
}
