/** One object as a restore point holds it. */
import type { JsonObject } from "../kube/json.ts";
import type { ResourcePath } from "../kube/resource-type.ts";

export interface PointObject {
  /** As it was served where it was captured. */
  readonly resource: ResourcePath;
  /** undefined: it belongs to the cluster. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** As the API server gave it, `apiVersion`, `kind` and `metadata.managedFields` included. */
  readonly object: JsonObject;
}
