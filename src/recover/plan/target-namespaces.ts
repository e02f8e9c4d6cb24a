/** The namespaces that a restore writes to: whether they are there, or on their way out. */
import { DomainError } from "../../base/errors.ts";
import { objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { getObject } from "../../kube/objects.ts";
import { onlyIfThere } from "./live-objects.ts";

export const NAMESPACES = { group: "", version: "v1", plural: "namespaces", kind: "Namespace" } as const;

export class TargetNamespaces {
  readonly #api: KubeApi;
  readonly #signal: AbortSignal;
  readonly #known = new Map<string, boolean>();

  constructor(api: KubeApi, signal: AbortSignal) {
    this.#api = api;
    this.#signal = signal;
  }

  /** All that were asked for, and whether each is there. */
  get known(): ReadonlyMap<string, boolean> {
    return this.#known;
  }

  /** @throws {DomainError} conflict/namespace_terminating: it is being deleted, and nothing can be made in it */
  async exists(name: string): Promise<boolean> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const found = await getObject(this.#api, NAMESPACES, { name }, { signal: this.#signal }).catch(onlyIfThere);
    if (found !== undefined && textIn(objectIn(found, "metadata"), "deletionTimestamp") !== undefined) {
      const message = `Cannot restore into namespace "${name}": it is being deleted`;
      throw new DomainError("conflict", "namespace_terminating", message, {
        hint: "Wait until it is gone, or choose another one with --to-namespace",
      });
    }
    this.#known.set(name, found !== undefined);
    return found !== undefined;
  }
}
