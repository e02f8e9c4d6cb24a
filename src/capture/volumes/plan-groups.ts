/** Which volumes are cut at one moment: those of one namespace, driver and place, where the cluster and the driver can. */
import type { ClaimFacts } from "./claim-facts.ts";
import type { PlannedSnapshot, PlannedVolume } from "./plan-volumes.ts";
import type { SnapshotClass } from "./snapshot-classes.ts";

export interface PlannedGroup {
  /** Tells the groups of a run apart: 0, 1 … */
  readonly index: number;
  readonly namespace: string;
  readonly driver: string;
  readonly className: string;
  readonly members: readonly PlannedSnapshot[];
}

export interface CutPlan {
  readonly groups: readonly PlannedGroup[];
  readonly singles: readonly PlannedSnapshot[];
}

/** @param groupClasses Empty where the cluster serves no group snapshots */
export function planCuts(volumes: readonly PlannedVolume[], groupClasses: readonly SnapshotClass[], named: readonly string[]): CutPlan {
  const snapshots = volumes.filter((volume) => volume.method === "snapshot");
  const groups: PlannedGroup[] = [];
  const singles: PlannedSnapshot[] = [];
  for (const members of Map.groupBy(snapshots, placeOf).values()) {
    const [first] = members;
    const chosen = first === undefined || members.length < 2 ? undefined : groupClass(groupClasses, first, named);
    if (first === undefined || chosen === undefined) singles.push(...members);
    else {
      const { claim, volume } = first;
      groups.push({ index: groups.length, namespace: claim.namespace, driver: volume.driver, className: chosen.name, members });
    }
  }
  return { groups, singles };
}

/** Storage in two places has no common moment, and nothing is known of what tenants' credentials allow. */
function placeOf({ claim, volume, snapshotClass: { tenantSecret = "" } }: PlannedSnapshot): string {
  return JSON.stringify([claim.namespace, volume.driver, volume.nodes, tenantSecret === "" ? "" : claim.uid]);
}

/** A person who names a class for snapshots may mean that of groups, too; of several it must be clear. */
function groupClass(
  classes: readonly SnapshotClass[],
  { volume, snapshotClass }: PlannedSnapshot,
  named: readonly string[],
): SnapshotClass | undefined {
  const ofDriver = classes.filter(({ driver, tenantSecret }) => driver === volume.driver && tenantSecret === undefined);
  const byName = ofDriver.find(({ name }) => named.includes(name) && name === snapshotClass.name);
  if (byName !== undefined) return byName;
  const defaults = ofDriver.filter(({ isDefault }) => isDefault);
  const [only, ...others] = defaults.length > 0 ? defaults : ofDriver;
  return others.length === 0 ? only : undefined;
}

/** Volumes that come back together or not at all. */
export function sameClaims(before: readonly Pick<ClaimFacts, "uid">[], now: readonly string[]): boolean {
  return new Set(before.map(({ uid }) => uid)).symmetricDifference(new Set(now)).size === 0;
}
