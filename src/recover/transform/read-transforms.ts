/** A file of transforms: a TransformSet, read strictly, since a word that is passed over is a change that is not made. */
import type { Fields, HandWritten } from "../../base/fields.ts";
import { parseYamlFields } from "../../base/yaml-fields.ts";
import { jsonObjectOf } from "./json-fields.ts";
import { applyJsonPatch, readJsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import { imageRegistry } from "./moves/image-registry.ts";
import { ingressHost } from "./moves/ingress-host.ts";
import type { Move, ReadMove } from "./moves/move.ts";
import { nodeSelector } from "./moves/node-selector.ts";
import { replicas } from "./moves/replicas.ts";
import { resources } from "./moves/resources.ts";
import { storageClass } from "./moves/storage-class.ts";
import { readSelection } from "./select.ts";
import { type Transform, TransformSet } from "./transform-set.ts";

const API_VERSION = "holdfast.dev/v1alpha1";
const KIND = "TransformSet";
const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** By the word for them in a file. */
const MOVES: Readonly<Record<string, ReadMove>> = {
  jsonPatch(fields, name) {
    const patch = readJsonPatch(fields, name);
    return (object) => applyJsonPatch(object, patch);
  },
  mergePatch(fields, name) {
    const patch = jsonObjectOf(fields, name);
    return (object) => mergePatch(object, patch);
  },
  imageRegistry,
  ingressHost,
  nodeSelector,
  replicas,
  resources,
  storageClass,
};

/**
 * @param file what messages call it
 * @throws {DomainError} usage/transform_file
 */
export function compileTransforms(text: string, file: string): TransformSet {
  const source: HandWritten = { file, what: "transform file", code: "transform_file" };
  const fields = parseYamlFields(source, text);
  fields.onlyHas(["apiVersion", "kind", "metadata", "spec"]);
  if (fields.requiredText("apiVersion") !== API_VERSION) throw fields.refusal("apiVersion", `is not "${API_VERSION}"`);
  if (fields.requiredText("kind") !== KIND) throw fields.refusal("kind", `is not "${KIND}"`);
  const spec = fields.mapping("spec");
  if (spec === undefined) throw fields.refusal("spec", "is missing");
  spec.onlyHas(["transforms"]);
  const transforms: Transform[] = [];
  for (const entry of spec.mappings("transforms")) {
    const transform = readTransform(entry);
    if (transforms.some(({ name }) => name === transform.name)) throw entry.refusal("name", `is "${transform.name}" twice`);
    transforms.push(transform);
  }
  if (transforms.length === 0) throw spec.refusal("transforms", "is missing");
  return new TransformSet(file, transforms);
}

function readTransform(fields: Fields): Transform {
  fields.onlyHas(["name", "select", "do"]);
  const name = fields.requiredText("name");
  if (!NAME.test(name)) throw fields.refusal("name", "is not made of small letters, digits, dashes and dots");
  const moves = fields.mappings("do").map(readMove);
  if (moves.length === 0) throw fields.refusal("do", "is missing");
  return { name, isSelected: readSelection(fields.mapping("select")), moves };
}

function readMove(fields: Fields): Move {
  fields.onlyHas(Object.keys(MOVES));
  const [name, ...others] = fields.names();
  const read = name === undefined ? undefined : MOVES[name];
  if (name === undefined || read === undefined) throw fields.refusal("jsonPatch", "or another change is missing");
  const [other] = others;
  if (other !== undefined) throw fields.refusal(other, `is a second change: it needs an entry of its own beside "${name}"`);
  return read(fields, name);
}
