/** Accounts, and who may do what. */
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import { type Reference, SECRET, SERVICE_ACCOUNT, to } from "./reference.ts";

const ACCOUNT_ANNOTATION = "kubernetes.io/service-account.name";

/** Of RoleBinding and ClusterRoleBinding. */
export function* bindingReferences(object: JsonObject, namespace: string | undefined): Iterable<Reference> {
  const role = objectIn(object, "roleRef");
  const kind = { group: textIn(role, "apiGroup") ?? "", kind: textIn(role, "kind") ?? "" };
  yield* to(kind, kind.kind === "Role" ? namespace : undefined, textIn(role, "name"), "role");
  for (const subject of listIn(object, "subjects")) {
    if (textIn(subject, "kind") !== "ServiceAccount") continue;
    yield* to(SERVICE_ACCOUNT, textIn(subject, "namespace") ?? namespace, textIn(subject, "name"), "gives it rights");
  }
}

export function* accountReferences(object: JsonObject, namespace: string | undefined): Iterable<Reference> {
  for (const secret of listIn(object, "secrets")) yield* to(SECRET, namespace, textIn(secret, "name"), "secret");
  for (const secret of listIn(object, "imagePullSecrets")) yield* to(SECRET, namespace, textIn(secret, "name"), "image pull secret");
}

/** A token is of an account. */
export function* secretReferences(object: JsonObject, namespace: string | undefined): Iterable<Reference> {
  const annotations = objectIn(objectIn(object, "metadata"), "annotations");
  yield* to(SERVICE_ACCOUNT, namespace, textIn(annotations, ACCOUNT_ANNOTATION), "token of it");
}
