/** Which databases of a copy are masked, and by what: found out before anything is changed, and refused if it cannot be all of them. */
import { DomainError } from "../../base/errors.ts";
import type { Blueprint } from "../../blueprint/blueprint.ts";
import { describeDatabase } from "../../blueprint/database.ts";
import type { ObjectId } from "../../kube/object-id.ts";
import type { PointDatabase, PointStream } from "../../point/description.ts";
import type { PlanEntry } from "../plan/plan.ts";

export interface PlannedMask {
  /** Of the copy. */
  readonly namespace: string;
  /** As `StatefulSet/db`. */
  readonly workload: string;
  readonly blueprint: Blueprint;
}

export interface MaskRequest {
  /** Those that were recognised when the point was made. */
  readonly databases: readonly PointDatabase[];
  /** Their dumps. */
  readonly streams: readonly PointStream[];
  readonly blueprints: readonly Blueprint[];
  /** Of the plan of the copy. */
  readonly entries: readonly PlanEntry[];
  readonly toNamespace: string;
}

/** What a point calls a workload with commands of its own and no blueprint: see blueprintName(). */
const HOOKS_ALONE = "hooks";

/**
 * A blueprint is looked up by the name that the point has: one that was recognised otherwise could mask something else.
 *
 * @throws {DomainError} unsupported/mask_dump: a dump is loaded when all runs
 * @throws {DomainError} unsupported/mask_nothing: no database is known of
 * @throws {DomainError} usage/blueprint_unknown, unsupported/mask_missing: nobody says how
 * @throws {DomainError} unsupported/mask_dump: a dump is loaded when all runs
 * @throws {DomainError} unsupported/mask_not_restored: it is not what the copy is made of
 */
export function planMasks({ databases, streams, blueprints, entries, toNamespace }: MaskRequest): readonly PlannedMask[] {
  if (databases.length === 0) {
    throw new DomainError("unsupported", "mask_nothing", "Cannot mask: no database was recognised when the point was made", {
      hint: "Back up with --blueprints FILE, where the file says how to recognise it; or leave out --mask",
    });
  }
  const names = new Set(entries.flatMap(({ id, wave }) => (wave === undefined ? [] : [nameOf(id)])));
  return databases.map((database) => {
    const { workload } = database;
    if (!names.has(`${toNamespace} ${workload}`)) {
      throw new DomainError("unsupported", "mask_not_restored", `Cannot mask ${describeDatabase(database)}: it is not in the copy`, {
        hint: "Leave out the transform that removes or renames it, or --mask",
      });
    }
    if (streams.some(({ namespace, pod }) => namespace === database.namespace && pod === database.pod)) {
      const message = `Cannot mask ${describeDatabase(database)}: the point has a dump of it, which is loaded last of all`;
      throw new DomainError("unsupported", "mask_dump", message, {
        hint: "Back up its volumes with --volumes snapshot, or leave out --mask",
      });
    }
    return { namespace: toNamespace, workload, blueprint: blueprintWithMask(database, blueprints) };
  });
}

function blueprintWithMask(database: PointDatabase, blueprints: readonly Blueprint[]): Blueprint {
  const found = blueprints.find(({ name }) => name === database.blueprint);
  const of = describeDatabase(database);
  if (database.blueprint === HOOKS_ALONE) {
    throw new DomainError("unsupported", "mask_missing", `Cannot mask ${of}: it has hooks, and no blueprint`, {
      hint: 'Write a blueprint for it with "mask", name it in the annotation "holdfast.dev/blueprint", and back up again; or leave out --mask',
    });
  }
  if (found === undefined) {
    throw new DomainError("usage", "blueprint_unknown", `Cannot mask ${of}: there is no blueprint "${database.blueprint}"`, {
      hint: "Name the file that it was backed up with by --blueprints",
    });
  }
  if (found.mask !== undefined) return found;
  throw new DomainError("unsupported", "mask_missing", `Cannot mask ${of}: blueprint "${found.name}" does not say how`, {
    hint: `Write a blueprint of the name "${found.name}" with "mask", and name its file by --blueprints`,
  });
}

/** Whether it has to run before all others. */
export function isMasked({ id }: Pick<PlanEntry, "id">, masks: readonly PlannedMask[]): boolean {
  return masks.some(({ namespace, workload }) => nameOf(id) === `${namespace} ${workload}`);
}

function nameOf({ namespace = "", kind, name }: ObjectId): string {
  return `${namespace} ${kind}/${name}`;
}
