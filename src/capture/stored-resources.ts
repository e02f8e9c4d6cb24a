/** Which resources a point has objects of, in which versions, and how many. */
import { apiVersionOf, type ResourceType } from "../kube/resource-type.ts";
import type { CapturedResource } from "../point/description.ts";

export class StoredResources {
  readonly #counts = new Map<string, { readonly resource: ResourceType; count: number }>();

  add(resource: ResourceType): void {
    const key = `${apiVersionOf(resource)} ${resource.plural}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { resource, count: 1 });
    else known.count++;
  }

  remove(resource: ResourceType): void {
    const known = this.#counts.get(`${apiVersionOf(resource)} ${resource.plural}`);
    if (known !== undefined) known.count--;
  }

  /** In the order of their names; of the versions of one resource the one that the cluster prefers comes first. */
  get all(): readonly CapturedResource[] {
    return Array.from(this.#counts.values())
      .filter(({ count }) => count > 0)
      .toSorted((a, b) => compare(a.resource, b.resource))
      .map(({ resource: { group, version, plural, kind }, count }) => ({ group, version, plural, kind, count }));
  }
}

function compare(a: ResourceType, b: ResourceType): number {
  const [left, right] = [a, b].map(({ group, plural, isPreferred, version }) => `${group} ${plural} ${isPreferred ? 0 : 1} ${version}`);
  return (left ?? "") < (right ?? "") ? -1 : 1;
}
