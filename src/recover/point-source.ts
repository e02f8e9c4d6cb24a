/** Where a restore reads from: a restore point, or anything that gives objects as one does, as often as it is asked. */
import type { CapturedResource, PointDependency } from "../point/description.ts";
import type { PointObject } from "../point/point-object.ts";
import type { RestorePoint } from "../point/restore-point.ts";
import type { LeftOut, PreparedObject } from "./prepare/prepared.ts";

/** The same answer to the same object, always. */
export type Prepare = (object: PointObject) => ReadyObject | LeftOut;

/** What is to be written, changed by transforms, too. */
export interface ReadyObject extends PreparedObject {
  /** Names of those that changed it. */
  readonly transforms?: readonly string[];
}

export interface PointSource {
  /** Id of the point, for plans and messages. */
  readonly id: string;
  /** Every version of every resource that it has objects of. */
  readonly resources: readonly CapturedResource[];
  /** What is in it for others to use, too. */
  readonly dependencies: readonly PointDependency[];
  /** Those of one resource in one version, one after the other. */
  objects(resource: Pick<CapturedResource, "group" | "plural" | "version">, signal?: AbortSignal): AsyncIterable<PointObject>;
}

export function sourceOf(point: RestorePoint): PointSource {
  const { id, resources, dependencies } = point.description;
  return {
    id,
    resources,
    dependencies,
    objects: ({ group, plural, version }) =>
      point.objects(({ resource }) => resource.group === group && resource.plural === plural && resource.version === version),
  };
}
