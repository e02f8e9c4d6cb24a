/** Which objects a transform is for: all that is said has to hold. */
import { compileName } from "../../archive/name-pattern.ts";
import { matches as labelsMatch, parseSelector } from "../../application/selector.ts";
import { byteStringOf } from "../../base/byte-string.ts";
import type { Fields } from "../../base/fields.ts";
import { type JsonObject, objectIn } from "../../kube/json.ts";
import { idOfObject, type ObjectId } from "../../kube/object-id.ts";
import { compileCondition } from "./expression.ts";

export type Selection = (object: JsonObject) => boolean;

type Test = (id: ObjectId, object: JsonObject) => boolean;

/** @throws {DomainError} usage/transform_file */
export function readSelection(fields: Fields | undefined): Selection {
  if (fields === undefined) return () => true;
  fields.onlyHas(["kinds", "names", "namespaces", "labels", "where"]);
  const tests = [
    kindTest(fields.texts("kinds")),
    patternTest(fields, "names", ({ name }) => name),
    patternTest(fields, "namespaces", ({ namespace = "" }) => namespace),
    labelTest(fields),
    conditionTest(fields),
  ].filter((test) => test !== undefined);
  return (object) => {
    const id = idOfObject(object);
    return tests.every((test) => test(id, object));
  };
}

/** `Certificate`, or `Certificate.cert-manager.io` where several groups have one. */
function kindTest(kinds: readonly string[]): Test | undefined {
  if (kinds.length === 0) return undefined;
  return ({ kind, group }) => kinds.includes(kind) || kinds.includes(`${kind}.${group}`);
}

function patternTest(fields: Fields, field: string, textOf: (id: ObjectId) => string): Test | undefined {
  const patterns = fields.texts(field).map((pattern) => {
    const matcher = compileName(byteStringOf(pattern));
    if (matcher === undefined) throw fields.refusal(field, "has what is no pattern");
    return matcher;
  });
  return patterns.length === 0 ? undefined : (id) => patterns.some((matcher) => matcher(textOf(id)));
}

function labelTest(fields: Fields): Test | undefined {
  const text = fields.text("labels");
  if (text === undefined) return undefined;
  try {
    const selector = parseSelector(text);
    return (_id, object) => labelsMatch(selector, objectIn(objectIn(object, "metadata"), "labels"));
  } catch (error) {
    throw fields.refusal("labels", `is no selector: ${(error as Error).message}`);
  }
}

function conditionTest(fields: Fields): Test | undefined {
  const text = fields.text("where");
  if (text === undefined) return undefined;
  try {
    const condition = compileCondition(text);
    return (_id, object) => condition(object);
  } catch (error) {
    throw fields.refusal("where", `is no condition: ${(error as Error).message}`);
  }
}
