/** Snapshots that stay on the storage after a backup, for a quick return: in Holdfast's namespace, so that they outlive the application's. */
import { createHash } from "node:crypto";
import type { Ulid } from "../../base/ids.ts";
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { deleteObject, getObject, patchObject } from "../../kube/objects.ts";
import type { Unit } from "../../application/unit.ts";
import { FIELD_MANAGER, GROUP, KEEP_ANNOTATION, RUN_LABEL } from "../../run/marks.ts";
import type { Run } from "../../run/run.ts";
import { unlessGone } from "./originals.ts";
import type { SnapshotKinds } from "./snapshot-kinds.ts";
import { nameIn } from "./snapshot-status.ts";
import { listAll } from "./survey.ts";

export interface KeptAs {
  readonly unit: Unit;
  readonly point: Ulid;
}

const UNIT_LABEL = `${GROUP}/unit`;
const POINT_LABEL = `${GROUP}/point`;
const LEASE = "Lease";

/** From now on no end of a run takes it along. */
export async function keepSnapshot(
  { api, namespace, signal }: Run,
  kinds: SnapshotKinds,
  { name, content }: { readonly name: string; readonly content: string },
  { unit, point }: KeptAs,
): Promise<void> {
  const labels = { [RUN_LABEL]: null, [UNIT_LABEL]: labelOf(unit), [POINT_LABEL]: point.toLowerCase() };
  const metadata = { labels, annotations: { [KEEP_ANNOTATION]: point, [UNIT_LABEL]: `${unit.kind}/${unit.name}` } };
  const options = { fieldManager: FIELD_MANAGER, signal };
  const snapshot = await getObject(api, kinds.snapshots, { namespace, name }, { signal });
  const owners = listIn(objectIn(snapshot, "metadata"), "ownerReferences").filter(
    (owner) => isJsonObject(owner) && owner["kind"] !== LEASE,
  );
  await patchObject(api, kinds.contents, { name: content }, { type: "merge", changes: { metadata } }, options);
  const changes = { metadata: { ...metadata, ownerReferences: owners } };
  await patchObject(api, kinds.snapshots, { namespace, name }, { type: "merge", changes }, options);
}

/** Those of older points than the last so many of the unit go. */
export async function removeOldKept(
  api: KubeApi,
  kinds: readonly SnapshotKinds[],
  {
    namespace,
    unit,
    keep,
    signal,
  }: { readonly namespace: string; readonly unit: Unit; readonly keep: number; readonly signal: AbortSignal },
): Promise<void> {
  const labelSelector = `${UNIT_LABEL}=${labelOf(unit)}`;
  const found = await Promise.all(
    kinds.map(async ({ snapshots }) => {
      const objects = await listAll(api, snapshots, { namespace, labelSelector, isMetadataOnly: true, signal });
      return objects.map((object) => ({ snapshots, object }));
    }),
  );
  const points = [...new Set(found.flat().map(({ object }) => pointOf(object)))].toSorted().toReversed();
  const kept = new Set(points.slice(0, keep));
  for (const { snapshots, object } of found.flat().filter((one) => !kept.has(pointOf(one.object)))) {
    await unlessGone(deleteObject(api, snapshots, { namespace, name: nameIn(object) }, { propagation: "Background", signal }));
  }
}

function pointOf(object: JsonObject): string {
  return textIn(objectIn(objectIn(object, "metadata"), "labels"), POINT_LABEL) ?? "";
}

/** Names of units may be longer than a label, or have letters that it cannot. */
function labelOf({ kind, name }: Unit): string {
  return createHash("sha256").update(`${kind}/${name}`).digest("hex").slice(0, 32);
}
