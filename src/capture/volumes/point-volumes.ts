/** What a point says of its volumes and databases. */
import { isoTime } from "../../base/clock.ts";
import { type Consistency, type PointDatabase, type PointVolume } from "../../point/description.ts";
import { pathOfVolume } from "../../point/object-path.ts";
import { claimName } from "./claim-facts.ts";
import type { CapturePlan } from "./capture-plan.ts";
import type { PlannedVolume } from "./plan-volumes.ts";
import { type DatabaseOutcome, describedDatabase } from "./quiesce-all.ts";
import type { MovedVolume } from "./volume-capture.ts";

/** @param namespaces Of the unit */
export function pointVolume(volume: MovedVolume, databases: readonly DatabaseOutcome[], namespaces: readonly string[]): PointVolume {
  const { planned, moved, cut, timeMs, snapshot } = volume;
  const { claim } = planned;
  const described = describedVolume(planned);
  if (moved === undefined) return described;
  const group = cut?.original.group;
  return {
    ...described,
    data: {
      path: pathOfVolume(namespaces, claim.namespace, claim.name),
      consistency: consistencyOf(volume, databases),
      ...(group === undefined ? {} : { group }),
      time: isoTime(timeMs),
      files: moved.files,
      bytes: moved.bytes,
      moverMs: moved.tookMs,
      ...(snapshot === undefined ? {} : { snapshot }),
    },
  };
}

/** As it is planned, without data. */
export function describedVolume({ claim, method, why }: PlannedVolume): PointVolume {
  const { namespace, name, uid, mode, storageClass, volume, accessModes, capacityBytes } = claim;
  const { driver } = volume ?? {};
  return { namespace, claim: name, claimUid: uid, method, why, mode, storageClass, driver, accessModes, capacityBytes };
}

/** A database that was not held all the time counts for less than what merely was cut at one moment: it was asked to be better. */
function consistencyOf({ planned, cut }: Pick<MovedVolume, "cut" | "planned">, databases: readonly DatabaseOutcome[]): Consistency {
  if (planned.method === "live") return "live";
  const name = claimName(planned.claim);
  if (databases.some(({ whole }) => whole.includes(name))) return "application";
  if (databases.some(({ torn }) => torn.includes(name))) return "crash";
  return cut?.original.group === undefined ? "crash" : "group";
}

/** Those that were held, and those that nothing was done about. */
export function pointDatabases({ recognised, dumps }: CapturePlan, outcomes: readonly DatabaseOutcome[]): readonly PointDatabase[] {
  return recognised.map((database) => {
    const { namespace, workload } = database;
    const outcome = outcomes.find(({ described }) => described.namespace === namespace && described.workload === workload);
    return (
      outcome?.described ?? {
        ...describedDatabase(database),
        why: dumps.includes(database) ? "a dump was taken" : "none of its volumes was cut",
      }
    );
  });
}
