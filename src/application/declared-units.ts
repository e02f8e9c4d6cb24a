/** Units that somebody declares, in a file: applications that are more, less or other than a namespace. */
import { DomainError } from "../base/errors.ts";
import type { Fields } from "../base/fields.ts";
import { readYamlFields } from "../base/yaml-fields.ts";
import { parseSelector } from "./selector.ts";
import type { DeclaredUnit } from "./unit.ts";

/** RFC 1123, as names of Kubernetes are. */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** Of the unit of what nobody claims. */
const RESERVED_NAME = "cluster";

/** @throws {DomainError} usage/units_file */
export async function readUnits(file: string, signal?: AbortSignal): Promise<readonly DeclaredUnit[]> {
  const fields = await readYamlFields({ file, what: "units file", code: "units_file" }, signal);
  if (fields === undefined) throw new DomainError("usage", "units_file", `Cannot use units file "${file}": there is no such file`);
  return unitsOf(fields);
}

function unitsOf(fields: Fields): readonly DeclaredUnit[] {
  fields.onlyHas(["applications"]);
  const units: DeclaredUnit[] = [];
  for (const entry of fields.mappings("applications")) {
    const unit = unitOf(entry);
    if (units.some(({ name }) => name === unit.name)) throw entry.refusal("name", `is "${unit.name}" twice`);
    units.push(unit);
  }
  return units;
}

function unitOf(fields: Fields): DeclaredUnit {
  fields.onlyHas(["name", "namespaces", "selector"]);
  const name = fields.requiredText("name");
  const namespaces = fields.texts("namespaces");
  const selector = fields.requiredText("selector");
  if (!NAME.test(name)) throw fields.refusal("name", "is not made of small letters, digits and dashes");
  if (name === RESERVED_NAME) throw fields.refusal("name", `is "${RESERVED_NAME}", which is the unit of what nobody claims`);
  if (namespaces.length === 0) throw fields.refusal("namespaces", "is missing");
  if (!namespaces.every((namespace) => NAME.test(namespace))) throw fields.refusal("namespaces", "has what is no name of a namespace");
  try {
    parseSelector(selector);
  } catch (error) {
    throw fields.refusal("selector", `is none: ${(error as Error).message}`);
  }
  return { kind: "declared", name, namespaces: [...new Set(namespaces)], selector };
}
