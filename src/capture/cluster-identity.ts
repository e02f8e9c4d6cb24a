/** Which cluster this is. Its name may change; the uid of a namespace that no cluster is without does not. */
import { DomainError } from "../base/errors.ts";
import { objectIn, textIn } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { getObject } from "../kube/objects.ts";
import type { PointCluster } from "../point/description.ts";

const NAMESPACES = { group: "", version: "v1", plural: "namespaces" };
const ANCHOR = "kube-system";

/** @throws {DomainError} as getObject() does; it needs the right to get the namespace `kube-system` */
export async function identifyCluster(api: KubeApi, signal: AbortSignal): Promise<PointCluster> {
  const [anchor, { value }] = await Promise.all([
    getObject(api, NAMESPACES, { name: ANCHOR }, { signal }),
    api.request({ method: "GET", action: "ask for the version of the cluster", path: "/version", signal }),
  ]);
  const id = textIn(objectIn(anchor, "metadata"), "uid");
  if (id === undefined)
    throw new DomainError("unsupported", "cluster_identity", `Cannot tell which cluster this is: "${ANCHOR}" has no uid`);
  return { id, name: api.access.clusterName ?? "", version: textIn(value, "gitVersion") ?? "" };
}
