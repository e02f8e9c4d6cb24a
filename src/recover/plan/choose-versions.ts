/** In which version the objects of each kind are taken from the point: one that the target serves, or will once its definition is restored. Pure. */
import type { ResourceType } from "../../kube/resource-type.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import type { CapturedResource } from "../../point/description.ts";

/** A resource of the point, and what the target knows it as. */
export interface ChosenResource {
  readonly captured: CapturedResource;
  /** undefined: the target does not serve it, in no version that the point has. */
  readonly served: ResourceType | undefined;
  /** Why not; or that its definition comes first. */
  readonly state: "not-served" | "other-version" | "served" | "to-be-defined";
}

/** @param defined What the definitions in the point make a cluster serve */
export function chooseVersions(
  captured: readonly CapturedResource[],
  table: Pick<ResourceTable, "resources">,
  defined: readonly ResourceType[],
): readonly ChosenResource[] {
  const byKind = Map.groupBy(captured, ({ group, kind }) => `${group} ${kind}`);
  return [...byKind.values()].flatMap((versions): readonly ChosenResource[] => {
    const [first] = versions;
    if (first === undefined) return [];
    const { group, kind } = first;
    // The table has the preferred version first.
    for (const served of table.resources.filter((resource) => resource.group === group && resource.kind === kind)) {
      const version = versions.find((one) => one.version === served.version);
      if (version !== undefined) return [{ captured: version, served, state: "served" }];
    }
    if (table.resources.some((resource) => resource.group === group && resource.kind === kind)) {
      return [{ captured: first, served: undefined, state: "other-version" }];
    }
    for (const version of versions) {
      const served = defined.find((resource) => resource.group === group && resource.kind === kind && resource.version === version.version);
      if (served !== undefined) return [{ captured: version, served, state: "to-be-defined" }];
    }
    return [{ captured: first, served: undefined, state: "not-served" }];
  });
}
