/** The repository of a unit in a location: made when the unit is first backed up, and written by its cluster alone. */
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import { initRepository } from "../repository/init.ts";
import { ownIdentity } from "../repository/lock-process.ts";
import type { Repository } from "../repository/repository.ts";
import { adopt, assertWriter } from "../repository/writer.ts";
import { below } from "../storage/below.ts";
import type { CallOptions, ObjectStore } from "../storage/object-store.ts";
import type { Location } from "./location.ts";
import type { UnitPlace } from "./units.ts";

export function unitStore({ store }: Pick<Location, "store">, { path }: Pick<UnitPlace, "path">): ObjectStore {
  return below(store, path);
}

/**
 * Makes the repository of a unit that has none. One that somebody makes at the same time is as good.
 *
 * @throws {DomainError} as initRepository() does
 */
export async function makeUnitRepository(
  location: Location,
  place: UnitPlace,
  { clock, signal }: CallOptions & { readonly clock: Clock },
): Promise<void> {
  const { username, hostname } = await ownIdentity();
  try {
    const owner = { username, hostname };
    await initRepository(unitStore(location, place), { secret: location.secret, owner, clock, signal });
  } catch (error) {
    if (error instanceof DomainError && error.code === "repository_exists") return;
    throw error;
  }
}

/**
 * Makes the cluster the writer of a repository that has none, as one whose first backup was killed in between.
 *
 * @throws {DomainError} conflict/not_the_writer
 */
export async function claimWriting(
  repository: Repository,
  { cluster }: Pick<UnitPlace, "cluster">,
  { clock, signal }: CallOptions & { readonly clock: Clock },
): Promise<void> {
  const writer = await assertWriter(repository, cluster.id, { signal });
  if (writer === undefined) await adopt(repository, { cluster: cluster.id, force: false, clock, signal });
}
