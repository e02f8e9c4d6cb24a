/** Who an object belongs to by its owner references, and whether a controller of Kubernetes makes it anew by itself. */
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "../kube/json.ts";
import { groupOf, idOfObject, type ObjectId } from "../kube/object-id.ts";

export interface Owner {
  readonly uid: string;
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  /** The one of all owners that steers the object. */
  readonly isController: boolean;
}

/** The one that steers it first, then as they stand there. */
export function ownersOf(object: JsonObject): readonly Owner[] {
  const owners = listIn(objectIn(object, "metadata"), "ownerReferences")
    .filter(isJsonObject)
    .map((owner) => ({
      uid: textIn(owner, "uid") ?? "",
      group: groupOf(textIn(owner, "apiVersion") ?? ""),
      kind: textIn(owner, "kind") ?? "",
      name: textIn(owner, "name") ?? "",
      isController: owner["controller"] === true,
    }));
  return owners.toSorted((a, b) => Number(b.isController) - Number(a.isController));
}

/** By group and kind: what a controller of Kubernetes makes out of the spec of an owner. It makes nothing else again that has such an owner. */
const CHILDREN: ReadonlyMap<string, readonly string[]> = new Map([
  [" Pod", [" PersistentVolumeClaim", "resource.k8s.io ResourceClaim"]],
  [" ReplicationController", [" Pod"]],
  ["apps DaemonSet", [" Pod", "apps ControllerRevision"]],
  ["apps Deployment", ["apps ReplicaSet"]],
  ["apps ReplicaSet", [" Pod"]],
  ["apps StatefulSet", [" Pod", "apps ControllerRevision"]],
  ["batch CronJob", ["batch Job"]],
  ["batch Job", [" Pod"]],
]);

/** The built-in controller that made it, and would make it again; undefined if somebody else did. */
export function builtInController(object: JsonObject): Owner | undefined {
  return builtInMaker(idOfObject(object), ownersOf(object));
}

/** @param owners As ownersOf() gives them */
export function builtInMaker({ group, kind }: Pick<ObjectId, "group" | "kind">, [first]: readonly Owner[]): Owner | undefined {
  const children = first?.isController === true ? CHILDREN.get(`${first.group} ${first.kind}`) : undefined;
  return children?.includes(`${group} ${kind}`) === true ? first : undefined;
}
