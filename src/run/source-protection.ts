/**
 * The mark that a provisioner puts on a snapshot while it makes a volume of it. If the claim goes before there is a volume, as on storage without
 * room, nobody takes it off again, and the snapshot stays for ever.
 */
import { DomainError } from "../base/errors.ts";
import { listIn, objectIn } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { getObject, patchObject } from "../kube/objects.ts";
import { SNAPSHOTS } from "./kinds.ts";
import { FIELD_MANAGER } from "./marks.ts";

/** Source: external-provisioner, `snapshotSourceProtectionFinalizer`. */
const PROTECTION = "provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection";

/** Call it for snapshots of our own, when the claim is gone. */
export async function takeOffProtection(
  api: KubeApi,
  place: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    const { resourceVersion = null, ...metadata } = objectIn(await getObject(api, SNAPSHOTS, place, { signal }), "metadata");
    const finalizers = listIn(metadata, "finalizers");
    if (!finalizers.includes(PROTECTION)) return;
    const changes = { metadata: { resourceVersion, finalizers: finalizers.filter((one) => one !== PROTECTION) } };
    await patchObject(api, SNAPSHOTS, place, { type: "merge", changes }, { fieldManager: FIELD_MANAGER, signal });
  } catch (error) {
    if (error instanceof DomainError && (error.code === "kube_not_found" || error.code === "kube_conflict")) return;
    throw error;
  }
}
