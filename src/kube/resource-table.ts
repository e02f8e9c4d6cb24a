/** All that a cluster serves, and how people and objects name it. */
import { DomainError } from "../base/errors.ts";
import type { GroupVersion } from "./discovery-answers.ts";
import { apiVersionOf, nameOf, type ResourceType } from "./resource-type.ts";

export class ResourceTable {
  /** Every version of every resource; the preferred one of a resource comes first. */
  readonly resources: readonly ResourceType[];
  /** As `metrics.k8s.io/v1beta1`: their servers do not answer, so resources of theirs may be missing. */
  readonly staleGroups: readonly string[];
  readonly #byKind: ReadonlyMap<string, ResourceType>;

  constructor(versions: readonly GroupVersion[]) {
    const seen = new Set<string>();
    this.resources = versions.flatMap(({ resources }) =>
      resources.map((resource) => {
        const isPreferred = !seen.has(nameOf(resource));
        seen.add(nameOf(resource));
        return { ...resource, isPreferred };
      }),
    );
    this.staleGroups = versions.filter(({ isStale }) => isStale).map(apiVersionOf);
    this.#byKind = new Map(this.resources.toReversed().map((resource) => [`${apiVersionOf(resource)} ${resource.kind}`, resource]));
  }

  /** Where objects of this apiVersion and kind are; undefined if that is not served. */
  ofObject(apiVersion: string, kind: string): ResourceType | undefined {
    return this.#byKind.get(`${apiVersion} ${kind}`);
  }

  /** Where objects of this kind are in the version that the server prefers; undefined if it is not served. */
  ofKind({ group, kind }: Pick<ResourceType, "group" | "kind">): ResourceType | undefined {
    return this.resources.find((resource) => resource.isPreferred && resource.group === group && resource.kind === kind);
  }

  /**
   * What a person means by `deploy`, `Deployment`, `deployments.apps` or `deployments.v1.apps`. The core group counts before others,
   * a full name before a short one.
   *
   * @throws {DomainError} not-found/kube_no_resource: there is none, or the server that would have it does not answer
   * @throws {DomainError} usage/kube_ambiguous: several groups have one
   */
  find(name: string): ResourceType {
    const found = this.#candidates(name);
    const [first] = found;
    if (first === undefined) {
      const stale = this.staleGroups.length === 0 ? "" : `, and ${this.staleGroups.join(", ")} cannot be asked`;
      throw new DomainError("not-found", "kube_no_resource", `Cannot find resource "${name}": the cluster does not serve it${stale}`);
    }
    const core = found.find(({ group }) => group === "");
    if (core !== undefined || found.length === 1) return core ?? first;
    const names = found.map((resource) => `"${nameOf(resource)}"`).join(", ");
    throw new DomainError("usage", "kube_ambiguous", `Cannot tell which resource "${name}" is: there are ${names}`, {
      hint: "Add the group to the name",
    });
  }

  /** One for each group that has a resource of that name. */
  #candidates(text: string): readonly ResourceType[] {
    for (const { name, group, version } of readings(text)) {
      const named = this.resources.filter(
        (resource) =>
          (group === undefined || resource.group === group) &&
          (version === undefined ? resource.isPreferred : resource.version === version),
      );
      const full = named.filter(({ plural, singular, kind }) => [plural, singular, kind.toLowerCase()].includes(name));
      const found = full.length > 0 ? full : named.filter(({ shortNames }) => shortNames.includes(name));
      if (found.length > 0) return found;
    }
    return [];
  }
}

interface Reading {
  readonly name: string;
  readonly group?: string;
  readonly version?: string;
}

/** `a.b.c` is `a` in version `b` of group `c`, or `a` in group `b.c`. */
function readings(text: string): readonly Reading[] {
  const [name = "", ...rest] = text.toLowerCase().split(".");
  if (rest.length === 0) return [{ name }];
  const [version = "", ...group] = rest;
  return [
    { name, version, group: group.join(".") },
    { name, group: rest.join(".") },
  ];
}
