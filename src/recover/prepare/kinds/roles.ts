/** Roles and bindings: each cluster makes its own basic ones, and accounts have names as users and groups, too. */
import { isJsonObject, type JsonValue, listIn, objectIn, textIn } from "../../../kube/json.ts";
import type { PointObject } from "../../../point/point-object.ts";
import type { Care } from "../care.ts";
import { at, change, changeIn } from "../edit.ts";
import { type LeftOut, leftOut } from "../prepared.ts";
import type { Target } from "../target.ts";

const ACCOUNT = /^system:serviceaccount:(?<namespace>[^:]+):(?<name>[^:]+)$/;
const ACCOUNTS = /^system:serviceaccounts:(?<namespace>[^:]+)$/;

/** What rules name single objects of. */
const NAMED_KINDS: Readonly<Record<string, string>> = {
  configmaps: "ConfigMap",
  deployments: "apps/Deployment",
  persistentvolumeclaims: "PersistentVolumeClaim",
  secrets: "Secret",
  serviceaccounts: "ServiceAccount",
  services: "Service",
  statefulsets: "apps/StatefulSet",
};

function leaveOutBasic({ object }: PointObject): LeftOut | undefined {
  return objectIn(objectIn(object, "metadata"), "labels")["kubernetes.io/bootstrapping"] === "rbac-defaults"
    ? leftOut("cluster_made", "every API server makes it when it starts")
    : undefined;
}

export const role: Care = {
  leaveOut: leaveOutBasic,
  rename: (object, { namespace }, target) => changeIn(object, at("rules[]"), (rule) => renamedRule(rule, namespace, target)),
};

export const roleBinding: Care = {
  leaveOut: leaveOutBasic,
  rename: (object, _captured, target) => changeIn(object, at("subjects[]"), (subject) => renamedSubject(subject, target)),
};

export const clusterRoleBinding: Care = {
  ...roleBinding,
  /** The original, which the accounts that stay need, is kept, and nothing refers to a binding by its name. */
  name(plainName, { object }, target) {
    if (!target.isSameCluster) return plainName;
    const moved = listIn(object, "subjects").flatMap((subject) => {
      const namespace = textIn(subject, "namespace");
      const there = namespace === undefined ? undefined : target.namespace(namespace);
      return there === undefined || there === namespace ? [] : [there];
    });
    return moved[0] === undefined ? plainName : `${plainName}-${moved[0]}`;
  },
};

function renamedRule(rule: JsonValue, namespace: string | undefined, target: Target): JsonValue {
  const kinds = listIn(rule, "resources").flatMap((resource) => (typeof resource === "string" ? (NAMED_KINDS[resource] ?? []) : []));
  return change(rule, at("resourceNames[]"), (name) => {
    if (typeof name !== "string") return name;
    const names = kinds.map((what) => {
      const [kind = "", group = ""] = what.split("/").toReversed();
      return target.name({ group, kind, namespace, name });
    });
    return names.find((there) => there !== name) ?? name;
  });
}

function renamedSubject(subject: JsonValue, target: Target): JsonValue {
  const kind = textIn(subject, "kind");
  if (!isJsonObject(subject) || (kind !== "User" && kind !== "Group")) return subject;
  return changeIn(subject, ["name"], (name) => {
    if (typeof name !== "string") return name;
    const account = ACCOUNT.exec(name)?.groups;
    if (account !== undefined) return accountUser(account, target);
    const namespace = ACCOUNTS.exec(name)?.groups?.["namespace"];
    return namespace === undefined ? name : `system:serviceaccounts:${target.namespace(namespace)}`;
  });
}

function accountUser({ namespace = "", name = "" }: Readonly<Record<string, string>>, target: Target): string {
  return `system:serviceaccount:${target.namespace(namespace)}:${target.name({ group: "", kind: "ServiceAccount", namespace, name })}`;
}
