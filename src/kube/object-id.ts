/** Which object is meant, whatever version of its kind it is read in. */
import { type JsonObject, objectIn, textIn } from "./json.ts";

export interface ObjectId {
  /** Empty for the core group. */
  readonly group: string;
  readonly kind: string;
  /** undefined: it belongs to the cluster. */
  readonly namespace: string | undefined;
  readonly name: string;
}

/** What an object says of itself; names that it lacks are "". */
export function idOfObject(object: JsonObject): ObjectId {
  const metadata = objectIn(object, "metadata");
  const name = textIn(metadata, "name") ?? "";
  return {
    group: groupOf(textIn(object, "apiVersion") ?? ""),
    kind: textIn(object, "kind") ?? "",
    namespace: textIn(metadata, "namespace"),
    name,
  };
}

/** `apps` of `apps/v1`, "" of `v1`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash === -1 ? "" : apiVersion.slice(0, slash);
}

/** For maps and sets: no two objects have the same. No name of Kubernetes has a space in it. */
export function keyOf({ group, kind, namespace = "", name }: ObjectId): string {
  return `${group} ${kind} ${namespace} ${name}`;
}

/** For messages: `Deployment "web" in namespace "shop"`. */
export function describeId({ kind, namespace, name }: ObjectId): string {
  return `${kind} "${name}"${namespace === undefined ? "" : ` in namespace "${namespace}"`}`;
}

/** For tables and trees, where the namespace is known: `Deployment/web`. */
export function shortId({ kind, name }: Pick<ObjectId, "kind" | "name">): string {
  return `${kind}/${name}`;
}
