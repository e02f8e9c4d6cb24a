/** Looks up things outside of a unit. */
import { mapConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { Finding } from "../../base/finding.ts";
import type { JsonObject } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { getObject } from "../../kube/objects.ts";
import { idOfObject } from "../../kube/object-id.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import { nameOf, type ResourceType } from "../../kube/resource-type.ts";
import type { KindId } from "../references/reference.ts";
import type { Dependency } from "../unit.ts";

export interface FoundDependency extends Dependency {
  readonly resource: ResourceType;
  readonly object: JsonObject;
}

const CONCURRENT_REQUESTS = 8;

/** Requests for what a unit needs; what may not be seen becomes a finding, once for each kind. */
export class Search {
  readonly missing: Dependency[] = [];
  readonly #findings = new Map<string, Finding>();
  readonly #api: KubeApi;
  readonly #table: ResourceTable;
  readonly #signal: AbortSignal | undefined;

  constructor(api: KubeApi, table: ResourceTable, signal: AbortSignal | undefined) {
    this.#api = api;
    this.#table = table;
    this.#signal = signal;
  }

  get findings(): readonly Finding[] {
    return [...this.#findings.values()];
  }

  async fetch(needs: readonly Dependency[]): Promise<readonly FoundDependency[]> {
    const options = { limit: CONCURRENT_REQUESTS, signal: this.#signal };
    const found = await mapConcurrent(needs, options, async (need, signal): Promise<readonly FoundDependency[]> => {
      const resource = this.#table.ofKind(need.id);
      if (resource !== undefined) {
        const { namespace, name } = need.id;
        const object = await this.#ask(resource, () => getObject(this.#api, resource, { namespace, name }, { signal }));
        if (object !== undefined) return object === "forbidden" ? [] : [{ ...need, resource, object }];
      }
      this.missing.push(need);
      return [];
    });
    return found.flat();
  }

  /** Those of these kinds that are needed, or point at something. */
  async list(
    kinds: readonly KindId[],
    choose: (object: JsonObject) => Omit<Dependency, "id"> | undefined,
    labelSelector?: string,
  ): Promise<readonly FoundDependency[]> {
    const resources = kinds.map((kind) => this.#table.ofKind(kind)).filter((resource) => resource !== undefined);
    const options = { limit: CONCURRENT_REQUESTS, signal: this.#signal };
    const found = await mapConcurrent(resources, options, async (resource, signal) => {
      const chosen: FoundDependency[] = [];
      await this.#ask(resource, async () => {
        for await (const { items } of listPages(this.#api, resource, { labelSelector, signal })) {
          for (const object of items) {
            const reason = choose(object);
            if (reason !== undefined) chosen.push({ ...reason, id: idOfObject(object), resource, object });
          }
        }
      });
      return chosen;
    });
    return found.flat();
  }

  async #ask<T>(resource: ResourceType, request: () => Promise<T>): Promise<T | "forbidden" | undefined> {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error.kind === "not-found" || error.kind === "unsupported") return undefined;
      if (error.kind !== "forbidden") throw error;
      const name = nameOf(resource);
      this.#findings.set(name, { grade: "partial", code: "dependency_forbidden", object: name, message: error.message });
      return "forbidden";
    }
  }
}
