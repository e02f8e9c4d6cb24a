/** The way back from a swap: the same exchange, with the volume that it has set aside. What has been written since is set aside in turn. */
import { DomainError } from "../../base/errors.ts";
import { objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import type { RecordedRun } from "../../run/records.ts";
import { nameOfClaim } from "./exchange.ts";
import { getVolume, keptVolumeOf } from "./kept-volumes.ts";
import { stepsOf } from "./resume.ts";
import type { ClaimName } from "./steps.ts";
import type { ComingVolume } from "./swap.ts";
import type { SwapClaim } from "./swap-plan.ts";
import { formerReference } from "./swap-steps.ts";

export interface Exchanged {
  readonly claim: ClaimName;
  readonly from: string;
  readonly to: string;
}

export function exchangedBy(run: Pick<RecordedRun, "entries">): readonly Exchanged[] {
  return stepsOf(run).flatMap((step) =>
    step.kind === "exchange" ? [{ claim: nameOfClaim(step.claim), from: step.from, to: step.to }] : [],
  );
}

/** Whether the claims have the volumes again that they had before the run. */
export function isUndone(claims: readonly SwapClaim[], exchanged: readonly Exchanged[]): boolean {
  return exchanged.every(({ claim, from }) => volumeOf(claims, claim) === from);
}

/**
 * Which volume each claim gets back.
 *
 * @throws {DomainError} conflict/run_not_latest: the claims have other volumes by now; not-found/volume_lost, conflict/run_released
 */
export async function returningVolumes(
  api: KubeApi,
  id: string,
  claims: readonly SwapClaim[],
  exchanged: readonly Exchanged[],
  signal: AbortSignal,
): Promise<(claim: SwapClaim) => ComingVolume> {
  const coming = new Map<string, ComingVolume>();
  for (const { claim, from, to } of exchanged) {
    const now = volumeOf(claims, claim);
    if (now !== to) {
      const message = `Cannot undo run ${id}: claim "${claim.name}" in namespace "${claim.namespace}" has another volume since, "${now ?? ""}"`;
      throw new DomainError("conflict", "run_not_latest", message, { hint: 'Undo the runs after it first: see "holdfast run list"' });
    }
    const volume = await getVolume(api, from, signal);
    const kept = keptVolumeOf(volume);
    if (kept === undefined) {
      const message = `Cannot undo run ${id}: volume "${from}" was released, or belongs to somebody else by now`;
      throw new DomainError("conflict", "run_released", message, { hint: "Restore a point instead" });
    }
    coming.set(`${claim.namespace}/${claim.name}`, {
      name: from,
      before: formerReference(volume, claim),
      policy: kept.policy,
      setAside: kept.setAside,
    });
  }
  return ({ name }) => {
    const found = coming.get(`${name.namespace}/${name.name}`);
    if (found === undefined) throw new Error(`no volume comes back for ${name.name}`);
    return found;
  };
}

function volumeOf(claims: readonly SwapClaim[], { namespace, name }: ClaimName): string | undefined {
  const found = claims.find((claim) => claim.name.namespace === namespace && claim.name.name === name);
  return textIn(objectIn(found?.volume, "metadata"), "name");
}
