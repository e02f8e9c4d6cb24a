/** What is asked of a copy for development. Everything that leads out of it is shut, and opened by name only. */

export interface CloneOptions {
  /** Of each workload, at most; undefined: as many as the original. */
  readonly maxReplicas?: number;
  /** As `Ingress/web`: keeps its way in or out, its schedule or what it owns outside. */
  readonly open: readonly string[];
  /** Addresses as `10.1.0.0/16`, or names of namespaces, that pods may connect to. */
  readonly openEgress: readonly string[];
  readonly external: External;
  /** API groups whose objects own something outside of the cluster, besides those that are known to: `files.example.com`, `*.example.com`. */
  readonly externalGroups: readonly string[];
  /** Containers cannot write to their claims. */
  readonly readOnlyVolumes: boolean;
}

/** `observe`: where the controller can be told to look and not to touch; all others are skipped. */
export const EXTERNAL = ["skip", "observe"] as const;
export type External = (typeof EXTERNAL)[number];

/** What a step of a clone works on. */
export interface CloneContext {
  readonly options: CloneOptions;
  readonly group: string;
  readonly kind: string;
}
