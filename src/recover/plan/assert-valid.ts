/**
 * Transforms are written by people: what they have changed is shown to the API server before anything is written. Where an object has no
 * namespace yet, it is asked as for one that every cluster has; only whether the object is valid counts then.
 */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import { objectIn } from "../../kube/json.ts";
import { describeId } from "../../kube/object-id.ts";
import { createObject } from "../../kube/objects.ts";
import { withoutSecrets } from "../execute/without-secrets.ts";
import { RESTORE_MANAGER } from "../field-manager.ts";
import { WAVES } from "../prepare/waves.ts";
import { type PlannedObject, plannedObjects } from "./chosen-objects.ts";
import type { PlannedRestore } from "./make-plan.ts";
import type { Verification } from "./verify.ts";

const ANY_NAMESPACE = "default";

/** @throws {DomainError} usage/transform_invalid: the server finds an object invalid that a transform has changed */
export async function assertValid(planned: PlannedRestore, verification: Verification): Promise<void> {
  const { pace, signal } = verification;
  const states = new Map(planned.resources.map(({ served, state }) => [served, state]));
  for (const wave of WAVES) {
    if (!planned.plan.entries.some((entry) => entry.wave === wave && entry.transforms !== undefined)) continue;
    await forEachConcurrent(plannedObjects(planned, wave, verification), { limit: pace.maxConcurrency, signal }, async (object, either) => {
      const isAskable = states.get(object.served) === "served";
      if (isAskable && object.entry.transforms !== undefined) await ask(object, object.entry.transforms, verification, either);
    });
  }
}

async function ask(
  { entry, served, prepared }: PlannedObject,
  transforms: readonly string[],
  { api }: Verification,
  signal: AbortSignal,
): Promise<void> {
  const namespace = prepared.namespace === undefined ? {} : { namespace: ANY_NAMESPACE };
  const object = { ...prepared.object, metadata: { ...objectIn(prepared.object, "metadata"), ...namespace } };
  try {
    await createObject(api, served, object, { ...namespace, fieldManager: RESTORE_MANAGER, isDryRun: true, signal });
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind === "cancelled") throw error;
    // Whether it may be, or is there already, is asked elsewhere.
    if (error.code !== "kube_invalid") return;
    const names = transforms.map((name) => `"${name}"`).join(", ");
    const answer = error.details["answer"];
    const words = withoutSecrets(typeof answer === "string" ? answer : "", prepared.object);
    throw new DomainError(
      "usage",
      "transform_invalid",
      `Cannot restore ${describeId(entry.id)}: transform ${names} makes it invalid: ${words}`,
    );
  }
}
