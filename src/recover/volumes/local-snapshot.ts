/** Whether the snapshot of a volume that was left on the storage can be used: it is still there, it is the very one, and the class can read it. */
import { objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { getObject } from "../../kube/objects.ts";
import type { LocalSnapshot, PointVolume } from "../../point/description.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { SNAPSHOTS } from "./storage-objects.ts";
import type { TargetClass } from "./target-class.ts";

const CONTENTS = { group: SNAPSHOTS.group, version: "v1", plural: "volumesnapshotcontents", kind: "VolumeSnapshotContent" } as const;

export interface SnapshotSearch {
  readonly api: KubeApi;
  /** Of Holdfast: a volume is made of a snapshot in its own namespace only. */
  readonly namespace: string;
  /** The point was captured in this cluster. */
  readonly isSameCluster: boolean;
  readonly signal: AbortSignal;
}

/** @returns its name, or in words why it cannot be used */
export async function usableSnapshot(
  snapshot: LocalSnapshot,
  { driver }: PointVolume,
  target: TargetClass,
  { api, namespace, isSameCluster, signal }: SnapshotSearch,
): Promise<{ readonly name: string } | { readonly why: string }> {
  if (!isSameCluster) return { why: "it is in another cluster" };
  if (snapshot.namespace !== namespace) return { why: `it is in namespace "${snapshot.namespace}"` };
  if (target.provisioner !== snapshot.driver || (driver !== undefined && driver !== snapshot.driver)) {
    return { why: `it is of driver "${snapshot.driver}", and storage class "${target.name}" is of "${target.provisioner}"` };
  }
  const found = await getObject(api, SNAPSHOTS, { namespace, name: snapshot.name }, { signal }).catch(onlyIfThere);
  const status = objectIn(found, "status");
  const contentName = textIn(status, "boundVolumeSnapshotContentName");
  if (found === undefined || contentName === undefined) return { why: "it is gone" };
  if (objectIn(found, "metadata")["deletionTimestamp"] !== undefined) return { why: "it is being deleted" };
  if (status["readyToUse"] !== true) return { why: "it is not ready" };
  const content = await getObject(api, CONTENTS, { name: contentName }, { signal }).catch(onlyIfThere);
  const isTheOne = textIn(objectIn(content, "status"), "snapshotHandle") === snapshot.handle;
  return isTheOne ? { name: snapshot.name } : { why: "another one has its name" };
}
