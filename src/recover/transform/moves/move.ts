/** A change that transforms know by name. */
import type { Fields } from "../../../base/fields.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../kube/json.ts";
import { at, changeIn, type Path } from "../../prepare/edit.ts";

/** undefined: there is nothing in the object that it is about. */
export type Move = (object: JsonObject) => JsonObject | undefined;

/** @throws {DomainError} usage/transform_file */
export type ReadMove = (fields: Fields, name: string) => Move;

/** Where pods are described, in any kind that does. */
const POD_SPECS: readonly Path[] = ["spec", "spec.template.spec", "spec.jobTemplate.spec.template.spec", "template.spec"].map(at);

/** @param edit gives undefined where there is nothing for it */
export function inPodSpecs(object: JsonObject, edit: (spec: JsonObject) => JsonObject | undefined): JsonObject | undefined {
  return inAny(object, POD_SPECS, (spec) => (isJsonObject(spec) && Array.isArray(spec["containers"]) ? edit(spec) : undefined));
}

/** @param edit gives undefined where there is nothing for it */
export function inContainers(spec: JsonObject, edit: (container: JsonObject) => JsonObject | undefined): JsonObject | undefined {
  const lists = ["containers[]", "initContainers[]"].map(at);
  return inAny(spec, lists, (container) => (isJsonObject(container) ? edit(container) : undefined));
}

/** undefined if `edit` gave that for each value at the paths. */
export function inAny(
  object: JsonObject,
  paths: readonly Path[],
  edit: (value: JsonValue) => JsonValue | undefined,
): JsonObject | undefined {
  let found = 0;
  let changed = object;
  for (const path of paths) {
    changed = changeIn(changed, path, (value) => {
      const edited = edit(value);
      if (edited === undefined) return value;
      found++;
      return edited;
    });
  }
  return found > 0 ? changed : undefined;
}

/** @throws {DomainError} usage/transform_file: it has something that is none of these names */
export function partsOf(fields: Fields, name: string, names: readonly string[]): Fields {
  const parts = fields.mapping(name);
  if (parts === undefined) throw fields.refusal(name, "has nothing after it");
  parts.onlyHas(names);
  return parts;
}
