/**
 * One execution of a backup or restore in a cluster. While it lives it holds a Lease in Holdfast's namespace, and everything it makes there
 * is owned by that: the cluster's own garbage collector takes it along. What it makes elsewhere has its label.
 */
import type { Clock } from "../base/clock.ts";
import type { Ulid } from "../base/ids.ts";
import type { FindingSink } from "../base/finding.ts";
import type { JsonObject } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";

export type RunKind = "backup" | "clone" | "restore";

export interface RunOptions {
  readonly kind: RunKind;
  /** Of Holdfast; made if it is missing. */
  readonly namespace: string;
  /** For people: which unit it is about. */
  readonly unit: string;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

export interface Run extends AsyncDisposable {
  readonly id: Ulid;
  readonly api: KubeApi;
  readonly namespace: string;
  /** Aborts as the caller's does, and when the Lease is lost: somebody else then cleans up behind this run. */
  readonly signal: AbortSignal;
  /** For names of what it makes: `<purpose>-<a few characters of the id>-<of: hashed>`, a name of at most 63 characters. */
  readonly nameOf: (purpose: string, of: string) => string;
  /** Labels and, in Holdfast's namespace, the owner: for `metadata` of everything that it makes. */
  readonly metadata: (name: string, place: { readonly namespace: string | undefined }) => JsonObject;
}
