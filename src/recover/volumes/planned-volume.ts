/** What a restore does about one volume of the point. */
import type { PointVolume } from "../../point/description.ts";
import type { VolumeShape } from "./filled-volume.ts";

export interface PlannedVolume {
  readonly captured: PointVolume;
  /** The claim at the target that gets it. */
  readonly claim: { readonly namespace: string; readonly name: string };
  readonly from: VolumeOrigin;
  /** Of the new volume. */
  readonly shape: VolumeShape;
  /** Its class makes no volume before a pod uses the claim. */
  readonly isLate: boolean;
  /** The claim is there already: an earlier restore was ended before its volume was filled. */
  readonly isResumed: boolean;
}

export type VolumeOrigin =
  | { readonly kind: "repository" }
  /** On the storage itself; the name of the VolumeSnapshot. */
  | { readonly kind: "snapshot"; readonly name: string };

/** As plans say it. */
export interface VolumeNote {
  readonly from: VolumeOrigin["kind"];
  /** Of what is in it. */
  readonly bytes: number;
  /** Absent: the default of the cluster. */
  readonly storageClass?: string;
  /** Of the new volume, a quantity. */
  readonly size: string;
  readonly mode: "Block" | "Filesystem";
}

export function noteOf({ captured, from, shape }: PlannedVolume): VolumeNote {
  const { storageClass, size, mode } = shape;
  return { from: from.kind, bytes: captured.data?.bytes ?? 0, ...(storageClass === undefined ? {} : { storageClass }), size, mode };
}
