/** Goes through what a plan writes: reads the point again, prepares each object again, and finds its entry. */
import { DomainError } from "../../base/errors.ts";
import type { JsonObject } from "../../kube/json.ts";
import { describeId, keyOf } from "../../kube/object-id.ts";
import { nameOf, type ResourceType } from "../../kube/resource-type.ts";
import type { PointSource, Prepare } from "../point-source.ts";
import type { PreparedObject } from "../prepare/prepared.ts";
import type { Wave } from "../prepare/waves.ts";
import { digestOf } from "./digest.ts";
import { idOf, type PlannedRestore } from "./make-plan.ts";
import type { PlanEntry } from "./plan.ts";

export interface PlannedObject {
  readonly entry: PlanEntry;
  readonly served: ResourceType;
  readonly prepared: PreparedObject;
  /** As the point has it. */
  readonly original: JsonObject;
}

export interface ObjectReading {
  readonly source: PointSource;
  readonly prepare: Prepare;
  readonly signal: AbortSignal;
}

export async function* plannedObjects(
  { plan, byKey, resources }: PlannedRestore,
  wave: Wave,
  { source, prepare, signal }: ObjectReading,
): AsyncGenerator<PlannedObject, void, undefined> {
  const inWave = new Set(plan.entries.flatMap((entry) => (entry.wave === wave && entry.action !== "skip" ? [nameOf(entry.resource)] : [])));
  for (const { captured, served } of resources) {
    if (served === undefined || !inWave.has(nameOf(served))) continue;
    for await (const point of source.objects(captured, signal)) {
      const prepared = prepare(point);
      if (prepared.kind === "left-out" || prepared.wave !== wave) continue;
      const entry = byKey.get(keyOf(idOf(prepared)));
      if (entry === undefined) continue;
      if (entry.digest !== digestOf(prepared)) {
        const message = `Cannot restore ${describeId(entry.id)}: it was prepared differently when it was planned`;
        throw new DomainError("internal", "restore_unstable", message);
      }
      yield { entry, served, prepared, original: point.object };
    }
  }
}
