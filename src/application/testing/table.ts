/** What a cluster serves, for tests: one line a resource. */
import type { ServedResource } from "../../kube/discovery-answers.ts";
import { ResourceTable } from "../../kube/resource-table.ts";
import { groupOf } from "../../kube/object-id.ts";

const ALL_VERBS = "create delete get list patch update watch";

/** @param lines As `apps/v1 Deployment deployments`, followed by `cluster` if it belongs to no namespace, and by its verbs if not all */
export function tableOf(lines: readonly string[]): ResourceTable {
  return new ResourceTable(
    lines.map((line) => {
      const [apiVersion = "", kind = "", plural = "", ...rest] = line.split(" ");
      const group = groupOf(apiVersion);
      const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
      const isNamespaced = rest[0] !== "cluster";
      const verbs = rest.slice(isNamespaced ? 0 : 1);
      const resource: ServedResource = {
        group,
        version,
        kind,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [],
        categories: [],
        isNamespaced,
        verbs: verbs.length === 0 ? ALL_VERBS.split(" ") : verbs,
        subresources: new Map(),
      };
      return { group, version, isStale: false, resources: [resource] };
    }),
  );
}
