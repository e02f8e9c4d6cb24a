/** How the steps of a swap are done in a cluster, and how they are taken back. */
import type { FindingSink } from "../../base/finding.ts";
import { textIn, objectIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { deleteObject, getObject } from "../../kube/objects.ts";
import { waitUntilGone } from "../execute/wait-until-gone.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { CLAIMS, isVolumeOf, uidOf } from "../volumes/storage-objects.ts";
import { exchange, nameOfClaim } from "./exchange.ts";
import { getVolume, keep, letGo, referenceIn, reserve, type SetAside, unreserve } from "./kept-volumes.ts";
import { putBackField, setField } from "./set-field.ts";
import { holdDown } from "./standstill.ts";
import type { StepHandlers } from "./step-machine.ts";
import type { ClaimName, ExchangeClaim, KeepVolume, ReserveVolume, SetField, SwapStep } from "./steps.ts";

export interface SwapStepsContext {
  readonly api: KubeApi;
  /** Noted on volumes that are kept. */
  readonly setAside: SetAside;
  /** Pods may have written to the new volumes: those are kept, whatever comes. */
  readonly mayHaveServed: () => boolean;
  /** What holds the pods down. */
  readonly stops: () => readonly SetField[];
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

const EXCHANGE_MS = 120_000;

export function swapSteps(context: SwapStepsContext): StepHandlers<SwapStep> {
  return {
    async apply(step) {
      switch (step.kind) {
        case "keep":
          return keep(context.api, { ...step, setAside: context.setAside }, context.signal);
        case "reserve":
          return applyReserve(context, step);
        case "set":
          return setField(context.api, step, context.signal);
        case "exchange":
          await exchangeTo(context, step, step.to, undefined);
      }
    },
    async undo(step) {
      switch (step.kind) {
        case "keep":
          return undoKeep(context, step);
        case "reserve":
          return unreserve(context.api, step.volume, step.before, context.signal).catch(onlyIfThere);
        case "set":
          return undoSet(context, step);
        case "exchange":
          return undoExchange(context, step);
      }
    },
  };
}

/** The claim in which the volume was filled is no longer needed. */
async function applyReserve({ api, signal }: SwapStepsContext, { volume, claim, before }: ReserveVolume): Promise<void> {
  const live = await getObject(api, CLAIMS, before, { signal }).catch(onlyIfThere);
  if (live !== undefined && uidOf(live) === before.uid) {
    await deleteObject(api, CLAIMS, before, { preconditions: { uid: before.uid }, propagation: "Background", signal }).catch(onlyIfThere);
    await waitUntilGone(api, CLAIMS, before, before.uid, signal);
  }
  await reserve(api, volume, claim, undefined, signal);
}

async function undoSet({ api, report, signal }: SwapStepsContext, step: SetField): Promise<void> {
  if (!(await putBackField(api, step, signal))) return;
  const object = `${step.resource.kind} "${step.name}" in namespace "${step.namespace}"`;
  const message = `Left as it is: somebody has changed ${step.path.join(".")} meanwhile`;
  report({ grade: "info", code: "changed_meanwhile", object, message });
}

async function undoKeep(context: SwapStepsContext, { volume, claim, role, policy, setAside }: KeepVolume): Promise<void> {
  const { api, mayHaveServed, signal } = context;
  const live = await getVolume(api, volume, signal).catch((error: unknown) => {
    // A new one may never have been kept, and gone with the run.
    if (role === "new") return undefined;
    throw error;
  });
  if (live === undefined) return;
  if (role === "returning" && setAside !== undefined) return keep(api, { volume, claim, policy, setAside }, signal);
  if (role === "new") return mayHaveServed() ? undefined : letGo(api, volume, "Delete", signal);
  if (await isServing(context, volume, claim)) await letGo(api, volume, policy, signal);
}

async function undoExchange(context: SwapStepsContext, step: ExchangeClaim): Promise<void> {
  const { api, signal, setAside } = context;
  const claim = nameOfClaim(step.claim);
  if (await isServing(context, step.from, claim)) {
    await unreserve(api, step.to, step.before, signal).catch(onlyIfThere);
    return;
  }
  await unreserve(api, step.to, step.before, signal).catch(onlyIfThere);
  const live = await getObject(api, CLAIMS, claim, { signal }).catch(onlyIfThere);
  await reserve(api, step.from, claim, live === undefined ? undefined : uidOf(live), signal);
  await exchangeTo(context, step, step.from, setAside);
}

async function exchangeTo(context: SwapStepsContext, step: ExchangeClaim, to: string, strangers: SetAside | undefined): Promise<void> {
  const { api, stops, report, signal } = context;
  const from = [step.from, step.to].filter((volume) => volume !== to);
  const hold = async (): Promise<void> => holdDown(api, stops(), { onScaledBack: "hold", report, signal });
  const others = await exchange(api, { claim: step.claim, to, from, strangers, hold, timeoutMs: EXCHANGE_MS, signal });
  for (const volume of others) {
    const message = `Set aside: somebody else gave it to the claim in mid-exchange`;
    report({ grade: "info", code: "volume_set_aside", object: `volume "${volume}"`, message });
  }
}

/** Whether the claim is bound to the volume and stays so. */
async function isServing({ api, signal }: SwapStepsContext, volume: string, claim: ClaimName): Promise<boolean> {
  const live = await getObject(api, CLAIMS, claim, { signal }).catch(onlyIfThere);
  if (live === undefined || textIn(objectIn(live, "metadata"), "deletionTimestamp") !== undefined) return false;
  if (textIn(objectIn(live, "spec"), "volumeName") !== volume) return false;
  return isVolumeOf(await getVolume(api, volume, signal), { ...claim, uid: uidOf(live) });
}

/** Whom a volume belongs to now, as what it may go back to. */
export function formerReference(volume: Parameters<typeof referenceIn>[0], claim: ClaimName): ReserveVolume["before"] {
  return referenceIn(volume) ?? { ...claim, uid: "none" };
}
