/** Who an object belongs to by its owner references, and whether a controller of Kubernetes makes it anew by itself. */
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "../kube/json.ts";
import { groupOf } from "../kube/object-id.ts";

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

/** By group and kind: what makes its children out of its own spec. */
const BUILT_IN_CONTROLLERS: ReadonlySet<string> = new Set([
  " Pod",
  " ReplicationController",
  " Service",
  "apps DaemonSet",
  "apps Deployment",
  "apps ReplicaSet",
  "apps StatefulSet",
  "batch CronJob",
  "batch Job",
]);

/** The built-in controller that made it, and would make it again; undefined if somebody else did. */
export function builtInController(object: JsonObject): Owner | undefined {
  return builtInAmong(ownersOf(object));
}

/** @param owners As ownersOf() gives them */
export function builtInAmong([first]: readonly Owner[]): Owner | undefined {
  return first?.isController === true && BUILT_IN_CONTROLLERS.has(`${first.group} ${first.kind}`) ? first : undefined;
}
