/** What is restored of no kind: the state of what runs, what its owner makes again, and copies of what is somewhere else. */
import { isJsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import { nameOf } from "../../kube/resource-type.ts";
import type { PointObject } from "../../point/point-object.ts";
import { type LeftOut, leftOut } from "./prepared.ts";

/** By `plural.group`. */
const RUNTIME: ReadonlySet<string> = new Set([
  "bindings",
  "certificatesigningrequests.certificates.k8s.io",
  "componentstatuses",
  "csinodes.storage.k8s.io",
  "csistoragecapacities.storage.k8s.io",
  "events",
  "events.events.k8s.io",
  "ipaddresses.networking.k8s.io",
  "leasecandidates.coordination.k8s.io",
  "leases.coordination.k8s.io",
  "nodes",
  "podcertificaterequests.certificates.k8s.io",
  "resourceslices.resource.k8s.io",
  "storageversionmigrations.storagemigration.k8s.io",
  "storageversions.internal.apiserver.k8s.io",
  "volumeattachments.storage.k8s.io",
]);

/** Nothing of these groups is stored: a server makes it up for each answer. */
const COMPUTED_GROUPS: ReadonlySet<string> = new Set(["metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"]);

/** Kinds of which each object with a controller is made by that. Others that an operator made may hold what it cannot make again. */
const ALWAYS_CHILDREN: ReadonlySet<string> = new Set(["pods", "replicasets.apps", "controllerrevisions.apps"]);

/** What these control lives and ends with them: claims of ephemeral volumes, records of network plug-ins, jobs of a schedule. */
const SHORT_LIVED_OWNERS: ReadonlySet<string> = new Set(["Pod", "ReplicaSet", "Node", "CronJob"]);

const INHERITED_FROM = "hnc.x-k8s.io/inherited-from";

export function leaveOutAlways({ resource, object }: PointObject): LeftOut | undefined {
  const metadata = objectIn(object, "metadata");
  if (RUNTIME.has(nameOf(resource)) || COMPUTED_GROUPS.has(resource.group)) {
    return leftOut("runtime", "it says how things stood, not how they should be");
  }
  const source = textIn(objectIn(metadata, "labels"), INHERITED_FROM);
  if (source !== undefined) return leftOut("copy", `it is copied from namespace "${source}", and will be again`);
  const controller = listIn(metadata, "ownerReferences").find((owner) => isJsonObject(owner) && owner["controller"] === true);
  if (controller === undefined) return undefined;
  const kind = textIn(controller, "kind") ?? "";
  return ALWAYS_CHILDREN.has(nameOf(resource)) || SHORT_LIVED_OWNERS.has(kind)
    ? leftOut("child", `${kind} "${textIn(controller, "name") ?? ""}" makes it again`)
    : undefined;
}
