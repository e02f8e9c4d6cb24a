/** Asks the API server, for each object of a plan that it can be asked about, whether it would take it. Nothing is stored. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { keyOf } from "../../kube/object-id.ts";
import { createObject, getObject, patchObject, updateObject } from "../../kube/objects.ts";
import { nameOf } from "../../kube/resource-type.ts";
import type { Pace } from "../execute/pace.ts";
import { withoutSecrets } from "../execute/without-secrets.ts";
import { RESTORE_MANAGER } from "../field-manager.ts";
import { WAVES } from "../prepare/waves.ts";
import { type ObjectReading, type PlannedObject, plannedObjects } from "./chosen-objects.ts";
import { difference } from "./field-changes.ts";
import type { PlannedRestore } from "./make-plan.ts";
import { NOT_ASKED, type PlanEntry, type RestorePlan } from "./plan.ts";
import { replacement } from "./replacement.ts";

export interface Verification extends ObjectReading {
  readonly api: KubeApi;
  readonly pace: Pace;
  readonly progress?: ProgressSink | undefined;
}

/** The plan with the grades that the server's answers give. */
export async function verify(planned: PlannedRestore, verification: Verification): Promise<RestorePlan> {
  const { pace, progress, signal } = verification;
  const graded = new Map<string, Pick<PlanEntry, "doubt" | "grade" | "refusal">>();
  const totalItems = planned.byKey.size;
  const coming = new Set([...planned.byKey.values()].filter(({ action }) => action === "create").map(({ id }) => id.name));
  for (const wave of WAVES) {
    const objects = plannedObjects(planned, wave, verification);
    await forEachConcurrent(objects, { limit: pace.maxConcurrency, signal }, async (object, either) => {
      if (object.entry.doubt !== NOT_ASKED) return;
      graded.set(keyOf(object.entry.id), await ask(object, verification, coming, either));
      progress?.({ stage: "Asking the cluster", doneBytes: 0, doneItems: graded.size, totalItems });
    });
  }
  const entries = planned.plan.entries.map((entry) => {
    const grade = entry.action === "skip" ? undefined : graded.get(keyOf(entry.id));
    if (grade === undefined) return entry;
    const { grade: _grade, doubt: _doubt, ...rest } = entry;
    return { ...rest, ...grade };
  });
  return { ...planned.plan, entries };
}

type Graded = Pick<PlanEntry, "doubt" | "grade" | "refusal">;

async function ask(object: PlannedObject, { api, pace }: Verification, coming: ReadonlySet<string>, signal: AbortSignal): Promise<Graded> {
  const { entry, served, prepared, original } = object;
  const { namespace, name } = prepared;
  const place = { namespace, name };
  try {
    await pace.run(`dry run ${nameOf(served)}`, async (onRetry) => {
      const options = { fieldManager: RESTORE_MANAGER, isDryRun: true, onRetry, signal };
      if (entry.action === "create") return createObject(api, served, prepared.object, { ...options, namespace });
      const live = await getObject(api, served, place, { onRetry, signal });
      if (entry.action === "replace") return updateObject(api, served, place, replacement(live, prepared.object), options);
      const { patch } = difference({ live, wanted: prepared.object, original, isMerged: prepared.isMerged });
      return patchObject(api, served, place, { type: "merge", changes: patch }, options);
    });
    return { grade: "verified" };
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind === "cancelled" || error.kind === "unauthenticated") throw error;
    return gradeOf(entry, error, withoutSecrets(error.message, prepared.object), coming);
  }
}

/** In the words of the admission plug-ins and of the registries: `serviceaccount "a" not found`. */
const NOT_FOUND = /not found|no \S+ with name/i;

function gradeOf({ action }: PlanEntry, error: DomainError, words: string, coming: ReadonlySet<string>): Graded {
  if (error.kind === "unavailable" && error.details["status"] === undefined) return { grade: "unknown", doubt: words };
  const quoted = [...words.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name);
  if (NOT_FOUND.test(words) && quoted.some((name) => coming.has(name)))
    return { grade: "checked", doubt: "it needs what is restored before it" };
  if (action === "replace" && error.code === "kube_invalid")
    return { grade: "checked", doubt: "it has fields that never change: it is made anew" };
  return { grade: "unknown", refusal: words };
}
