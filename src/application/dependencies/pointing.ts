/** What belongs to the cluster and points at a unit: rights of its accounts, the kinds of its objects, and what calls its services. */
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import { idOfObject, type ObjectId } from "../../kube/object-id.ts";
import { referencesOf } from "../references/references.ts";
import { SERVICE_ACCOUNT } from "../references/reference.ts";
import type { Dependency } from "../unit.ts";

/** Why, and at what. */
export type Pointer = Omit<Dependency, "id">;

/** What is known of the members of a unit once all have been seen. */
export interface Seen {
  /** Whether it is one; of accounts and services only. */
  readonly has: (id: ObjectId) => boolean;
  /** One object of this kind, if there is one. */
  readonly example: (group: string, kind: string) => ObjectId | undefined;
  /** Those that are in the unit whole. */
  readonly namespaces: readonly string[];
}

/** The kinds to look through. */
export const POINTING_KINDS = [
  { group: "rbac.authorization.k8s.io", kind: "ClusterRoleBinding" },
  { group: "admissionregistration.k8s.io", kind: "MutatingWebhookConfiguration" },
  { group: "admissionregistration.k8s.io", kind: "ValidatingWebhookConfiguration" },
  { group: "apiregistration.k8s.io", kind: "APIService" },
  { group: "apiextensions.k8s.io", kind: "CustomResourceDefinition" },
] as const;

/** undefined: it has nothing to do with the unit. */
export function pointerOf(object: JsonObject, seen: Seen): Pointer | undefined {
  const { kind } = idOfObject(object);
  if (kind === "ClusterRoleBinding") return binding(object, seen);
  const defined = kind === "CustomResourceDefinition" ? definedExample(object, seen) : undefined;
  if (defined !== undefined) return { why: "defines its resources", of: [defined] };
  const called = Array.from(referencesOf(object)).filter(({ id }) => seen.has(id));
  return called[0] === undefined ? undefined : { why: called[0].why, of: called.map(({ id }) => id) };
}

function binding(object: JsonObject, seen: Seen): Pointer | undefined {
  const accounts = Array.from(referencesOf(object), ({ id }) => id).filter((id) => id.kind === SERVICE_ACCOUNT.kind && seen.has(id));
  if (accounts.length > 0) return { why: "bound to its account", of: accounts };
  const groups = listIn(object, "subjects").filter((subject) => textIn(subject, "kind") === "Group");
  const names = new Set(groups.map((subject) => textIn(subject, "name")));
  const namespace = seen.namespaces.find((candidate) => names.has(`system:serviceaccounts:${candidate}`));
  if (namespace === undefined) return undefined;
  return { why: "bound to all its accounts", of: [{ group: "", kind: "Namespace", namespace: undefined, name: namespace }] };
}

function definedExample(definition: JsonObject, seen: Seen): ObjectId | undefined {
  const spec = objectIn(definition, "spec");
  return seen.example(textIn(spec, "group") ?? "", textIn(objectIn(spec, "names"), "kind") ?? "");
}
