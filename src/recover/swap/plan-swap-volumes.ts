/** Which volumes of a point are put in the place of which live ones, from where, and how large the new ones have to be. */
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { describeId, shortId } from "../../kube/object-id.ts";
import { getObject } from "../../kube/objects.ts";
import { wholeQuantity } from "../../kube/quantity.ts";
import type { PointDescription, PointVolume } from "../../point/description.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { usableSnapshot } from "../volumes/local-snapshot.ts";
import type { PlannedVolume, VolumeOrigin } from "../volumes/planned-volume.ts";
import { CLAIMS, STORAGE_CLASSES } from "../volumes/storage-objects.ts";
import { classOf } from "../volumes/target-class.ts";

export interface SwapVolumesRequest {
  readonly api: KubeApi;
  readonly description: Pick<PointDescription, "id" | "volumes">;
  readonly toNamespace: string | undefined;
  /** Claims, by kind and name; undefined: all. */
  readonly only: readonly string[] | undefined;
  readonly isSameCluster: boolean;
  /** Of Holdfast. */
  readonly namespace: string;
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

/**
 * Volumes whose claims are not there are left out, and reported.
 *
 * @throws {DomainError} not-found/swap_no_volumes, usage/restore_only, conflict/swap_volume_mode, unsupported/swap_static_volume
 */
export async function planSwapVolumes(request: SwapVolumesRequest): Promise<readonly PlannedVolume[]> {
  const { api, description, toNamespace, only, report, signal } = request;
  const chosen = chosenVolumes(description.volumes, only);
  const planned: PlannedVolume[] = [];
  for (const captured of chosen) {
    const claim = { namespace: toNamespace ?? captured.namespace, name: captured.claim };
    const object = describeId({ ...CLAIMS, ...claim });
    if (captured.data === undefined) {
      report({ grade: "info", code: "volume_kept", object, message: "Left as it is: the point has no data of its volume" });
      continue;
    }
    const live = await getObject(api, CLAIMS, claim, { signal }).catch(onlyIfThere);
    if (live === undefined) {
      report({
        grade: "partial",
        code: "claim_missing",
        object,
        message: "Not restored, as there is no such claim: restore it without --swap",
      });
      continue;
    }
    planned.push(await planVolume(request, captured, claim, live));
  }
  if (planned.length > 0) return planned;
  throw new DomainError(
    "not-found",
    "swap_no_volumes",
    `Cannot exchange volumes: none of restore point ${description.id} has a claim here`,
    {
      hint: "Restore without --swap",
    },
  );
}

function chosenVolumes(volumes: readonly PointVolume[], only: readonly string[] | undefined): readonly PointVolume[] {
  if (only === undefined) return volumes;
  const nameOf = ({ claim }: PointVolume): string => shortId({ kind: CLAIMS.kind, name: claim }).toLowerCase();
  const wanted = only.map((name) => name.toLowerCase());
  const unknown = wanted.find((name) => !volumes.some((volume) => nameOf(volume) === name));
  if (unknown !== undefined) {
    const names = volumes.map(({ claim }) => `"${CLAIMS.kind}/${claim}"`).slice(0, 10);
    throw new DomainError("usage", "restore_only", `Cannot exchange only "${unknown}": the point has no volume of it`, {
      hint: names.length === 0 ? "It has none at all" : `It has ${names.join(", ")}`,
    });
  }
  return volumes.filter((volume) => wanted.includes(nameOf(volume)));
}

async function planVolume(
  request: SwapVolumesRequest,
  captured: PointVolume,
  claim: PlannedVolume["claim"],
  live: JsonObject,
): Promise<PlannedVolume> {
  const { api, signal } = request;
  const spec = objectIn(live, "spec");
  const object = describeId({ ...CLAIMS, ...claim });
  const mode = textIn(spec, "volumeMode") === "Block" ? "Block" : "Filesystem";
  if (mode !== captured.mode) {
    const message = `Cannot exchange the volume of ${object}: it is of mode ${mode}, and that of the point of mode ${captured.mode}`;
    throw new DomainError("conflict", "swap_volume_mode", message, { hint: "Restore beside it with --to-namespace" });
  }
  const storageClass = textIn(spec, "storageClassName") ?? "";
  const found =
    storageClass === "" ? undefined : await getObject(api, STORAGE_CLASSES, { name: storageClass }, { signal }).catch(onlyIfThere);
  if (found === undefined) {
    const state = storageClass === "" ? "its claim has no storage class" : `there is no storage class "${storageClass}"`;
    throw new DomainError("unsupported", "swap_static_volume", `Cannot make another volume for ${object}: ${state}`, {
      hint: "Restore beside it with --to-namespace and --storage-class",
    });
  }
  const target = classOf(found);
  const attributesClass = textIn(spec, "volumeAttributesClassName");
  return {
    captured,
    claim,
    from: await originOf(request, captured, target, object),
    shape: {
      storageClass,
      size: sizeFor(captured, live),
      accessModes: listIn(spec, "accessModes").filter((one) => typeof one === "string"),
      mode,
      ...(attributesClass === undefined ? {} : { attributesClass }),
    },
    isLate: target.isLate,
    isResumed: false,
  };
}

async function originOf(
  { api, namespace, isSameCluster, report, signal }: SwapVolumesRequest,
  captured: PointVolume,
  target: ReturnType<typeof classOf>,
  object: string,
): Promise<VolumeOrigin> {
  const snapshot = captured.data?.snapshot;
  if (snapshot === undefined) return { kind: "repository" };
  const usable = await usableSnapshot(snapshot, captured, target, { api, namespace, isSameCluster, signal });
  if ("name" in usable) return { kind: "snapshot", name: usable.name };
  const message = `Its data comes from the repository, not from the local snapshot "${snapshot.name}": ${usable.why}`;
  report({ grade: "info", code: "local_snapshot_unusable", object, message });
  return { kind: "repository" };
}

/** As much as the claim asks for and as it has, and as much as the volume had that was captured. */
export function sizeFor({ capacityBytes, data }: PointVolume, claim: JsonObject): string {
  const texts = [
    textIn(objectIn(objectIn(objectIn(claim, "spec"), "resources"), "requests"), "storage"),
    textIn(objectIn(objectIn(claim, "status"), "capacity"), "storage"),
  ].filter((text) => text !== undefined);
  const least = Math.max(capacityBytes, data?.snapshot?.sizeBytes ?? 0);
  const [largest] = texts.toSorted((a, b) => (wholeQuantity(b) ?? 0) - (wholeQuantity(a) ?? 0));
  return largest !== undefined && (wholeQuantity(largest) ?? 0) >= least ? largest : String(least);
}
