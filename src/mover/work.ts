/**
 * What a mover is told and what it answers. It is told by a file in a Secret that only its pod mounts; it answers by the message that its
 * container ends with, which stands in the status of its pod, and tells how it goes by lines of JSON on its standard output.
 */
import type { Finding } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import type { Progress } from "../base/progress.ts";

export const WORK_FORMAT = 1;

/** Where the volume of a mover is, in its container. */
export const VOLUME_FOLDER = "/volume";
export const VOLUME_DEVICE = "/dev/volume";
/** Where its Secret is mounted: `work.json`, `password`, and `credentials` as AWS_SHARED_CREDENTIALS_FILE has them. */
export const SECRET_FOLDER = "/etc/holdfast";

export interface MoverFile {
  readonly format: typeof WORK_FORMAT;
  /** URL of the repository of the one unit; the password beside it opens that and no other. */
  readonly repository: string;
  /** Its own: another one in its place is not touched. */
  readonly repositoryId: HexId;
  /** Names of pods that were lost at this task, which are the host names in the locks that they left. */
  readonly lostPods?: readonly string[];
  readonly work: MoverWork;
}

export type MoverWork = BackUpVolume | FillVolume | ProbeLocation;

export interface BackUpVolume {
  readonly kind: "back-up";
  readonly mode: VolumeMode;
  /** Stands for the file system in nodes, and names the volume in resume records. */
  readonly claimUid: string;
  /** Tree of the volume in the last point; what did not change since is not read. */
  readonly parent: { readonly tree: HexId; readonly timeMs: number } | undefined;
}

export interface FillVolume {
  readonly kind: "fill";
  readonly mode: VolumeMode;
  readonly tree: HexId;
  /** Node of the volume's root folder as trees have it, in JSON: `Filesystem` only. Without it the root stays as it is. */
  readonly root?: string | undefined;
  /** Reads everything back. */
  readonly verify: boolean;
  /** An earlier mover of the same task has begun to fill it: what is there is its, and is gone on from. Otherwise the volume has to be empty. */
  readonly isBegun?: boolean | undefined;
}

/** Whether the location can be reached from where pods run, before anything is changed. */
export interface ProbeLocation {
  readonly kind: "probe";
  /** Whether it has to be possible to write there, too. */
  readonly writes: boolean;
}

export type VolumeMode = "Block" | "Filesystem";

/** A line of its standard output. */
export type MoverLine = { readonly progress: Progress } | { readonly finding: Finding };

/** At most 4,096 bytes as JSON: Kubernetes cuts what is longer. */
export type MoverAnswer = MoverSuccess | { readonly error: MoverError };

export interface MoverSuccess {
  /** Of what was stored, the entries of the volume's root; absent after a fill or probe. */
  readonly tree?: HexId;
  /**
   * Node of the volume's root folder with that tree, in JSON; `renamedNode()` of archive/volume.ts gives it the name of the claim. Absent
   * for a block volume: its folder is as any other.
   */
  readonly root?: string;
  readonly files: number;
  readonly bytes: number;
  /** As they were stored, after compression; of what the repository did not have. */
  readonly storedBytes: number;
  /** From its start to this answer. */
  readonly tookMs: number;
  /** How many findings it has told of: all lines must have come to be complete. */
  readonly findings: number;
}

/** A DomainError, as far as it can be told. */
export interface MoverError {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}
