/** Which objects of a point are restored, by `--only Deployment/web`. What they need to exist at all comes along. */
import { shortId } from "../kube/object-id.ts";

export class Selection {
  readonly #only: ReadonlySet<string> | undefined;
  readonly #met = new Set<string>();

  /** @param only All if it is not given */
  constructor(only: readonly string[] | undefined) {
    this.#only = only === undefined ? undefined : new Set(only.map((name) => name.toLowerCase()));
  }

  includes(kind: string, name: string): boolean {
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
