/** Objects of an application as an API server of 1.36 gave them, with all that controllers added; cut where it does not matter. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type JsonObject, objectIn, parseJson, textIn } from "../../../kube/json.ts";
import { groupOf, shortId } from "../../../kube/object-id.ts";
import type { PointObject } from "../../../point/point-object.ts";
import { prepare } from "../prepare.ts";
import type { PreparedObject } from "../prepared.ts";
import type { Target } from "../target.ts";

const FIXTURE = join(import.meta.dirname, "../../../../test/fixtures/captured.json");
const PLURALS: Readonly<Record<string, string>> = {
  Endpoints: "endpoints",
  Ingress: "ingresses",
  NetworkPolicy: "networkpolicies",
  PriorityClass: "priorityclasses",
  StorageClass: "storageclasses",
};

/** @param key `Kind/name` */
export function captured(key: string): PointObject {
  const object = capturedObjects().get(key);
  assert.ok(object, `the fixture has ${key}`);
  return object;
}

export function prepared(from: string | PointObject, target: Target): PreparedObject {
  const result = prepare(typeof from === "string" ? captured(from) : from, target);
  assert.ok(result.kind === "object", "it is prepared, not left out");
  return result;
}

/** By `Kind/name`. */
export function capturedObjects(): ReadonlyMap<string, PointObject> {
  const objects = (parseJson(readFileSync(FIXTURE, "utf8")) as readonly JsonObject[]).map(pointObject);
  return new Map(objects.map((item) => [shortId({ kind: textIn(item.object, "kind") ?? "", name: item.name }), item]));
}

export function pointObject(object: JsonObject): PointObject {
  const apiVersion = textIn(object, "apiVersion") ?? "";
  const kind = textIn(object, "kind") ?? "";
  const metadata = objectIn(object, "metadata");
  return {
    resource: {
      group: groupOf(apiVersion),
      version: apiVersion.slice(apiVersion.indexOf("/") + 1),
      plural: PLURALS[kind] ?? `${kind.toLowerCase()}s`,
    },
    namespace: textIn(metadata, "namespace"),
    name: textIn(metadata, "name") ?? "",
    object,
  };
}
