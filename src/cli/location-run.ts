/** What every command does that works on a location: opens it, and the repositories of units in it. */
import type { Command } from "commander";
import { DomainError } from "../base/errors.ts";
import { listUnits, type UnitPlace } from "../location/units.ts";
import { type Location, openLocation } from "../location/location.ts";
import { unitStore } from "../location/unit-repository.ts";
import { parseSecret } from "../repository/secret.ts";
import type { CommandContext } from "./context.ts";
import { type OpenedStore, openRetryingStore } from "./open-store.ts";
import { PASSWORD_VARIABLE, readPasswordOf } from "./password.ts";
import { openRepositoryOn, type RepositoryRun, type RunOptions, runWithStorage, type StorageRun } from "./repository-run.ts";

export interface LocationRun extends StorageRun {
  readonly location: Location;
  readonly opened: OpenedStore;
}

/** @param work writes its result itself. Throws as runWithStorage() does. */
export async function runOnLocation(
  command: Command,
  context: CommandContext,
  work: (run: LocationRun) => Promise<void>,
  options: Omit<RunOptions, "scope"> = {},
): Promise<void> {
  const open = async (run: StorageRun): Promise<void> => {
    const { options: given, report, display } = run;
    const source = { file: given.passwordFile, option: "--password-file", variable: PASSWORD_VARIABLE, of: "the location" };
    const secret = parseSecret(await readPasswordOf(source, context, report));
    const opened = await openRetryingStore(given.url, context, report);
    await using _ = opened.store;
    display.watch(opened.store.url, opened.traffic);
    const location = await openLocation(opened.store, secret, { signal: context.signal });
    for (const finding of location.findings) report(finding);
    await work({ ...run, location, opened });
  };
  await runWithStorage(command, context, open, { ...options, scope: "location" });
}

/** Throws as openRepository() does. */
export async function openUnit(run: LocationRun, place: UnitPlace): Promise<RepositoryRun> {
  const { location, opened } = run;
  return openRepositoryOn({ store: unitStore(location, place), traffic: opened.traffic }, location.secret, run);
}

/** All that are in the location; what is damaged is reported. */
export async function unitsOf({ location, report, context }: LocationRun): Promise<readonly UnitPlace[]> {
  const { units, findings } = await listUnits(location, { signal: context.signal });
  for (const finding of findings) report(finding);
  return units;
}

/**
 * Those that a person means by a name, as `shop`, with the cluster as in `prod/shop`, or by the path.
 *
 * @throws {DomainError} not-found/unit_not_found
 */
export function unitsNamed(units: readonly UnitPlace[], name: string): readonly UnitPlace[] {
  const found = units.filter(({ cluster, unit, path }) => unit.name === name || `${cluster.name}/${unit.name}` === name || path === name);
  if (found.length > 0) return found;
  const names = Array.from(new Set(units.map(({ unit }) => unit.name))).slice(0, 10);
  throw new DomainError("not-found", "unit_not_found", `Cannot find unit "${name}": the location has no restore points of it`, {
    hint: names.length === 0 ? "It has none of any unit" : `There are some of ${names.map((unit) => `"${unit}"`).join(", ")}`,
  });
}
