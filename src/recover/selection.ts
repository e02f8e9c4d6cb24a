/** Which objects of a point are restored, by `--only Deployment/web` and `--volumes-only`. What they need to exist at all comes along. */
import { shortId } from "../kube/object-id.ts";
import type { PlanOptions } from "./plan/plan.ts";

export type Choice = Pick<PlanOptions, "only" | "volumes">;

export class Selection {
  readonly #only: ReadonlySet<string> | undefined;
  readonly #isVolumesOnly: boolean;
  readonly #met = new Set<string>();

  constructor({ only, volumes }: Choice) {
    this.#isVolumesOnly = volumes === "only";
    this.#only = only === undefined ? undefined : new Set(only.map((name) => name.toLowerCase()));
  }

  includes(kind: string, name: string): boolean {
    if (this.#isVolumesOnly && kind !== "PersistentVolumeClaim" && kind !== "Namespace") return false;
    if (this.#only === undefined) return true;
    const key = shortId({ kind, name }).toLowerCase();
    if (this.#only.has(key)) this.#met.add(key);
    return this.#only.has(key) || kind === "Namespace" || kind === "CustomResourceDefinition";
  }

  /** What was asked for and has not been met. */
  get missing(): readonly string[] {
    return [...(this.#only ?? [])].filter((key) => !this.#met.has(key));
  }
}
