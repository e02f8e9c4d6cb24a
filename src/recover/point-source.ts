/** Where a restore reads from: a restore point, or anything that gives objects as one does, as often as it is asked. */
import { DomainError } from "../base/errors.ts";
import type { CapturedResource, PointDependency } from "../point/description.ts";
import type { ObjectFolder } from "../point/object-path.ts";
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

/** What paths and messages can be made of; no API server has other names. */
const NAME = /^(?!\.{1,2}$)[^\p{Cc}/%]{1,253}$/u;

/** Its objects throw corrupt/restore_point where a name is none. */
export function sourceOf(point: RestorePoint): PointSource {
  const { id, resources, dependencies } = point.description;
  return {
    id,
    resources,
    dependencies,
    async *objects({ group, plural, version }) {
      const wanted = ({ resource }: ObjectFolder): boolean =>
        resource.group === group && resource.plural === plural && resource.version === version;
      for await (const object of point.objects(wanted)) {
        const { name, namespace = "none" } = object;
        if (!NAME.test(name) || !NAME.test(namespace)) {
          throw new DomainError(
            "corrupt",
            "restore_point",
            `Cannot read restore point ${id}: the name of an object of "${plural}" is none`,
          );
        }
        yield object;
      }
    },
  };
}
