/** An application found inside of a namespace, with no names given. */
import type { ReleaseMark } from "../releases/marks.ts";
import type { ObjectFacts } from "./object-facts.ts";

/** By which mark. In the order in which they count: docs/applications.md explains each. */
export const FOUND_BY = ["helm", "argocd", "flux", "application", "part-of", "instance", "operator", "unlabelled"] as const;
export type FoundBy = (typeof FOUND_BY)[number];

export interface View {
  /** Unique in its namespace together with `foundBy`, but for releases of one name in several namespaces. */
  readonly name: string;
  readonly namespace: string;
  readonly foundBy: FoundBy;
  readonly release: ReleaseMark | undefined;
  readonly members: readonly ObjectFacts[];
}

/** The rest of a namespace. No name of Kubernetes has parentheses. */
export const UNLABELLED = "(unlabelled)";
