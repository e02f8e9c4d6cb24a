/**
 * Snapshots of volumes, all begun at once in the namespaces of their claims. They count as cut when the storage has a handle and a time for each:
 * from then on an application may write again, however long it takes until they are ready.
 */
import { mapConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { JsonObject } from "../../kube/json.ts";
import { createObject, getObject } from "../../kube/objects.ts";
import { apiVersionOf } from "../../kube/resource-type.ts";
import { FIELD_MANAGER, RUN_LABEL } from "../../run/marks.ts";
import type { Run } from "../../run/run.ts";
import { claimName } from "./claim-facts.ts";
import type { Originals } from "./originals.ts";
import type { PlannedSnapshot } from "./plan-volumes.ts";
import type { SnapshotKinds } from "./snapshot-kinds.ts";
import { boundContentOf, type Cut, cutOf, nameIn, throwIfFailed, uidIn } from "./snapshot-status.ts";
import { until } from "./until.ts";

export interface CutContext {
  readonly run: Run;
  readonly kinds: SnapshotKinds;
  /** What is to be taken back if it is not handed over. */
  readonly originals: Originals;
  readonly signal: AbortSignal;
}

export interface CutVolume {
  readonly planned: PlannedSnapshot;
  readonly cut: Cut;
  /** Where the snapshot is as yet: the object in the namespace of the claim, of it alone or of its group. */
  readonly original: Original;
}

export interface Original {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly content: string;
  /** Volumes of one moment have the same. */
  readonly group: string | undefined;
}

/** A driver that has not cut by then has trouble. */
export const CUT_TIMEOUT_MS: number = 5 * 60_000;
const CONCURRENT_CREATES = 16;

/** @throws {DomainError} unavailable/snapshot_failed, unavailable/snapshot_timeout, conflict/snapshot_gone */
export async function cutSingles(context: CutContext, planned: readonly PlannedSnapshot[]): Promise<readonly CutVolume[]> {
  const { signal } = context;
  const made = await mapConcurrent(planned, { limit: CONCURRENT_CREATES, signal }, (volume) => makeSnapshot(context, volume));
  const byNamespace = Map.groupBy(
    planned.map((volume, at) => ({ volume, name: nameIn(made[at] ?? {}) })),
    ({ volume }) => volume.claim.namespace,
  );
  const cut = await Promise.all(Array.from(byNamespace, ([namespace, volumes]) => awaitCuts(context, namespace, volumes)));
  return cut.flat();
}

async function makeSnapshot({ run, kinds, originals, signal }: CutContext, { claim, snapshotClass }: PlannedSnapshot): Promise<JsonObject> {
  const { namespace } = claim;
  const name = run.nameOf("snapshot", claim.uid);
  const object = {
    apiVersion: apiVersionOf(kinds.snapshots),
    kind: kinds.snapshots.kind,
    metadata: run.metadata(name, { namespace }),
    spec: { volumeSnapshotClassName: snapshotClass.name, source: { persistentVolumeClaimName: claim.name } },
  };
  originals.expect({ kinds, namespace, name });
  try {
    return await createObject(run.api, kinds.snapshots, object, { namespace, fieldManager: FIELD_MANAGER, signal });
  } catch (error) {
    // The answer of the first try was lost.
    if (!(error instanceof DomainError) || error.code !== "kube_exists") throw error;
    return getObject(run.api, kinds.snapshots, { namespace, name }, { signal });
  }
}

interface Awaited {
  readonly volume: PlannedSnapshot;
  readonly name: string;
}

async function awaitCuts(
  { run, kinds, originals, signal }: CutContext,
  namespace: string,
  volumes: readonly Awaited[],
): Promise<readonly CutVolume[]> {
  const judge = (there: ReadonlyMap<string, JsonObject>): readonly JsonObject[] | undefined => {
    const snapshots = volumes.map(({ volume, name }) => {
      const snapshot = there.get(name);
      if (snapshot === undefined) throw snapshotGone(claimName(volume.claim));
      throwIfFailed(snapshot, `volume "${claimName(volume.claim)}"`);
      return snapshot;
    });
    return snapshots.every(isCut) ? snapshots : undefined;
  };
  const labelSelector = `${RUN_LABEL}=${run.id.toLowerCase()}`;
  const onTimeout = (): Error => snapshotTimeout(`of ${volumes.map(({ volume }) => `"${claimName(volume.claim)}"`).join(", ")}`);
  const found = await until(run.api, kinds.snapshots, { namespace, labelSelector, timeoutMs: CUT_TIMEOUT_MS, onTimeout, signal }, judge);
  return mapConcurrent(volumes, { limit: CONCURRENT_CREATES, signal }, async ({ volume, name }, either, at) => {
    const snapshot = found[at] ?? {};
    const content = boundContentOf(snapshot) ?? "";
    const cut = cutOf(await getObject(run.api, kinds.contents, { name: content }, { signal: either }));
    if (cut === undefined) throw snapshotTimeout(`of "${claimName(volume.claim)}": its content has no handle`);
    const original = { namespace, name, uid: uidIn(snapshot), content, group: undefined };
    originals.found({ kinds, namespace, name }, original);
    return { planned: volume, cut, original };
  });
}

/** The controller takes the time over from the content, which has its handle at the same moment. */
function isCut(snapshot: JsonObject): boolean {
  const status = snapshot["status"];
  return boundContentOf(snapshot) !== undefined && typeof status === "object" && status !== null && "creationTime" in status;
}

export function snapshotGone(claim: string): DomainError {
  return new DomainError("conflict", "snapshot_gone", `Cannot capture volume "${claim}": somebody has deleted its snapshot`, {
    hint: "Take the backup again",
  });
}

export function snapshotTimeout(what: string): DomainError {
  const message = `Cannot take a snapshot ${what}: the storage has not cut it for ${CUT_TIMEOUT_MS / 60_000} minutes`;
  return new DomainError("unavailable", "snapshot_timeout", message, {
    hint: "See whether the snapshot controller and the storage driver with its snapshotter run",
  });
}
