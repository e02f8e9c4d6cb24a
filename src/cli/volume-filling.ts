/** What a command that fills volumes in the cluster begins with: a run there, its movers, and a proof that they reach the location. */
import { bytesOf } from "../base/byte-string.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import type { UnitPlace } from "../location/units.ts";
import { moverLocation } from "../mover/job/mover-location.ts";
import { openMovers } from "../mover/job/open-movers.ts";
import { probeLocation } from "../mover/job/probe-location.ts";
import type { PointVolume } from "../point/description.ts";
import type { RestorePoint } from "../point/restore-point.ts";
import type { PlannedVolume } from "../recover/volumes/planned-volume.ts";
import type { StoredVolume, VolumeRestoreRequest } from "../recover/volumes/volume-restore.ts";
import { encodeNode } from "../repository/format/tree/encode.ts";
import type { Session } from "../repository/session.ts";
import type { RunKind } from "../run/run.ts";
import { openRun } from "../run/open-run.ts";
import type { LocationRun } from "./location-run.ts";
import type { MoverOptions } from "./mover-options.ts";

export type Filling = Pick<VolumeRestoreRequest, "contentOf" | "context" | "limit">;

export interface FillingRequest {
  readonly kind: RunKind;
  readonly run: LocationRun;
  readonly api: KubeApi;
  /** Holds its lock for as long as movers read: nobody prunes what is being restored. */
  readonly session: Session;
  readonly place: UnitPlace;
  readonly point: RestorePoint;
  readonly volumes: readonly PlannedVolume[];
  readonly movers: MoverOptions;
}

/** Without volumes nothing of Holdfast's namespace is touched. */
export async function withFilling(request: FillingRequest, work: (filling: Filling | undefined) => Promise<void>): Promise<void> {
  const { kind, run, api, session, place, point, volumes } = request;
  if (volumes.length === 0) return work(undefined);
  const { namespace, image, limit } = request.movers;
  const { report, context } = run;
  const { clock, signal, environment } = context;
  const contents = new Map<PointVolume, StoredVolume>();
  for (const { captured } of volumes) contents.set(captured, await storedVolume(point, captured));
  const location = await moverLocation({ location: run.location, place, repository: session.repository, environment, signal });
  await using own = await openRun(api, { kind, namespace, unit: point.description.unit.name, clock, report, signal });
  const movers = openMovers({ run: own, image, location, limit, report });
  if (volumes.some(({ from }) => from.kind === "repository")) await probeLocation(movers, { location, writes: false, signal });
  const contentOf = ({ captured }: PlannedVolume): StoredVolume => {
    const found = contents.get(captured);
    if (found === undefined) throw new Error("a volume is filled that was not planned");
    return found;
  };
  await work({ context: { run: own, movers }, limit, contentOf });
}

/** @throws {DomainError} corrupt/restore_point: it is not there */
async function storedVolume(point: RestorePoint, { mode, data }: PointVolume): Promise<StoredVolume> {
  const node = await point.folder(data?.path ?? []);
  // A device has no root folder: that of its parts is as any other.
  return { tree: node.subtree, root: mode === "Block" ? undefined : bytesOf(encodeNode(node)).toString("utf8") };
}
