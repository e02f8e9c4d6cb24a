/** The movers of a run: pods in Holdfast's namespace, each with one volume, so many at a time. */
import type { FindingSink } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import type { ProgressSink } from "../base/progress.ts";
import type { JsonObject } from "../kube/json.ts";
import type { Run } from "../run/run.ts";
import type { MoverSuccess, MoverWork } from "./work.ts";

export interface MoversOptions {
  readonly run: Run;
  /** Of the mover, as pods name it. */
  readonly image: string;
  readonly location: MoverLocation;
  /** How many pods at a time. */
  readonly limit: number;
  readonly report: FindingSink;
}

/** How a mover reaches the repository of the unit, and nothing else. */
export interface MoverLocation {
  /** Of the repository of the unit; of no use where there is a folder. */
  readonly url: string;
  readonly repositoryId: HexId;
  readonly password: string;
  /** In the form of AWS_SHARED_CREDENTIALS_FILE; undefined: its pod has an identity of its own, or needs none. */
  readonly credentials: string | undefined;
  /** Of the repository, where that is a folder of the machine that the pod runs on, which has to be the same everywhere. */
  readonly folder: string | undefined;
}

export interface MoverTask {
  readonly work: MoverWork;
  /** Names the pod among those of the run, and for people. */
  readonly volume: string;
  readonly mount: MoverMount | undefined;
  readonly placement?: MoverPlacement | undefined;
  /** How long its pod may take to start: for a node, its volume and the image. @default 5 min */
  readonly startTimeoutMs?: number | undefined;
  /** Told of its progress; bytes and items are of this task. */
  readonly progress?: ProgressSink | undefined;
}

export type MoverMount =
  /** A claim in Holdfast's namespace. */
  | { readonly kind: "claim"; readonly claim: string; readonly readOnly: boolean }
  /** The folder of a mounted volume below the kubelet's, on a node. */
  | { readonly kind: "node-folder"; readonly path: string };

/** Fields of a pod's spec. */
export interface MoverPlacement {
  readonly nodeName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly affinity?: JsonObject;
  readonly tolerations?: readonly JsonObject[];
}

export interface Movers {
  /**
   * Resolves when the work is done and its pod is no longer needed.
   *
   * @throws {DomainError} the mover's own; unavailable/mover_lost: its pod went away more often than it is begun anew;
   *   unavailable/mover_not_started: with what Kubernetes says of it
   */
  move(task: MoverTask, signal: AbortSignal): Promise<MoverSuccess>;
}
