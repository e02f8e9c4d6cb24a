/**
 * Makes what an object says of others true at the target: names of namespaces and of objects follow wherever they can be told from
 * other text. That is by the names of fields, so that custom resources, of which nothing else is known, follow like all others.
 */
import { isJsonObject, type JsonObject, type JsonValue, textIn } from "../../kube/json.ts";
import { groupOf, type ObjectId } from "../../kube/object-id.ts";
import type { PointObject } from "../../point/point-object.ts";
import { change, changeIn } from "./edit.ts";
import { nameFieldsOf } from "./references.ts";
import { referencedName, type Target } from "./target.ts";

/** Under these, names of fields are people's own. */
const FREE_FORM: ReadonlySet<string> = new Set([
  "annotations",
  "binaryData",
  "data",
  "labels",
  "matchLabels",
  "nodeSelector",
  "podSelector",
  "selector",
  "status",
  "stringData",
]);

/** Labels that namespaces have with their own name, as the API server and network plug-ins know them. */
const NAMESPACE_LABELS: ReadonlySet<string> = new Set([
  "kubernetes.io/metadata.name",
  "io.kubernetes.pod.namespace",
  "k8s:io.kubernetes.pod.namespace",
]);

/** `namespace`, `targetNamespace`, `meta.helm.sh/release-namespace`; and lists of them. */
const NAMESPACE_FIELD = /(?:^|[a-z\d/-])[Nn]amespaces?$/;
/** `cert-manager.io/inject-ca-from: shop/certificate` */
const NAME_IN_NAMESPACE = /^(?<namespace>[a-z0-9-]+)(?<name>\/[a-z0-9.-]+)$/;

export function follow(object: JsonObject, { resource, namespace }: PointObject, target: Target): JsonObject {
  const there = new Follower(namespace, target);
  // Names first: what they are in is still named as captured then.
  const named = nameFieldsOf(resource).reduce((changed, { path, group, kind }) => {
    const [field = "", ...parents] = path.toReversed();
    return changeIn(changed, parents.toReversed(), (parent) => there.withName(parent, field, { group, kind }));
  }, object);
  return changeIn(there.content(named), ["metadata", "annotations"], (annotations) => there.annotations(annotations));
}

class Follower {
  readonly #namespace: string | undefined;
  readonly #target: Target;

  constructor(namespace: string | undefined, target: Target) {
    this.#namespace = namespace;
    this.#target = target;
  }

  /** @param parent may say which namespace the name is in */
  withName(parent: JsonValue, field: string, { group, kind }: Pick<ObjectId, "group" | "kind">): JsonValue {
    return change(parent, [field], (name) => {
      const namespace = textIn(parent, "namespace") ?? this.#namespace;
      return typeof name === "string" ? referencedName(this.#target, { group, kind, name, namespace }) : name;
    });
  }

  /** Of an object its own metadata says where it is; others' metadata in it, as in templates, refers. */
  content(object: JsonObject): JsonObject {
    const { metadata: _metadata, ...content } = object;
    const followed = this.#object(content);
    return this.#mapped(object, (field, value) => followed[field] ?? value);
  }

  #object(object: JsonObject): JsonObject {
    return this.#mapped(object, (field, value) => {
      if (field === "name" && typeof value === "string") return this.#referencedName(object, value);
      if (NAMESPACE_FIELD.test(field)) return this.#namespaces(value);
      if (field === "matchLabels") return this.#matchLabels(value);
      if (field === "matchExpressions") return this.#items(value, (item) => this.#matchExpression(item));
      if (field === "matchNames") return this.#namespaces(value);
      return FREE_FORM.has(field) ? value : this.#any(value);
    });
  }

  annotations(annotations: JsonValue): JsonValue {
    if (!isJsonObject(annotations)) return annotations;
    return this.#mapped(annotations, (annotation, value) => {
      if (typeof value !== "string") return value;
      if (NAMESPACE_FIELD.test(annotation)) return this.#target.namespace(value);
      const { namespace, name } = NAME_IN_NAMESPACE.exec(value)?.groups ?? {};
      return namespace === undefined || name === undefined ? value : `${this.#target.namespace(namespace)}${name}`;
    });
  }

  #any(value: JsonValue): JsonValue {
    return isJsonObject(value) ? this.#object(value) : this.#items(value, (item) => this.#any(item));
  }

  /** A name with its kind beside it, as `roleRef`, `scaleTargetRef`, `subjects` have it. */
  #referencedName(reference: JsonObject, name: string): string {
    const kind = textIn(reference, "kind");
    if (kind === undefined) return name;
    const group = textIn(reference, "apiGroup") ?? textIn(reference, "group") ?? groupOf(textIn(reference, "apiVersion") ?? "");
    return referencedName(this.#target, { group, kind, name, namespace: textIn(reference, "namespace") ?? this.#namespace });
  }

  #namespaces(value: JsonValue): JsonValue {
    if (typeof value === "string") return this.#target.namespace(value);
    // `namespaces: [{…}]` of some custom resource.
    return isJsonObject(value) ? this.#object(value) : this.#items(value, (item) => this.#namespaces(item));
  }

  #matchLabels(labels: JsonValue): JsonValue {
    if (!isJsonObject(labels)) return labels;
    return this.#mapped(labels, (label, value) => (NAMESPACE_LABELS.has(label) ? this.#namespaces(value) : value));
  }

  #matchExpression(expression: JsonValue): JsonValue {
    if (!isJsonObject(expression) || !NAMESPACE_LABELS.has(textIn(expression, "key") ?? "")) return expression;
    return changeIn(expression, ["values"], (values) => this.#namespaces(values));
  }

  #mapped(object: JsonObject, map: (field: string, value: JsonValue) => JsonValue): JsonObject {
    const entries = Object.entries(object);
    const mapped = entries.map(([field, value]) => [field, map(field, value)] as const);
    return mapped.every(([, value], index) => value === entries[index]?.[1]) ? object : Object.fromEntries(mapped);
  }

  #items(value: JsonValue, map: (item: JsonValue) => JsonValue): JsonValue {
    if (!Array.isArray(value)) return value;
    const items = value as readonly JsonValue[];
    const mapped = items.map(map);
    return mapped.every((item, index) => item === items[index]) ? items : mapped;
  }
}
