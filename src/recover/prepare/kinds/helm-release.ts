/**
 * What Helm remembers of a release, in a Secret or ConfigMap of its namespace: base64 of gzip of JSON. It names the namespace, also in the
 * manifests that the next upgrade compares with: without a change that upgrade would remove the originals.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { DomainError } from "../../../base/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue, objectIn, parseJson, textIn } from "../../../kube/json.ts";
import type { PointObject } from "../../../point/point-object.ts";
import { at, changeIn } from "../edit.ts";
import { type LeftOut, leftOut } from "../prepared.ts";
import type { Target } from "../target.ts";

/** A stored release has at most 1 MiB; what its chart unpacks to is text. */
const MAX_UNPACKED_BYTES = 64 * 1024 ** 2;
const GZIP = Buffer.from([0x1f, 0x8b]);

export function leaveOutRelease({ object, namespace, name }: PointObject, target: Target): LeftOut | undefined {
  const id = { group: "", kind: textIn(object, "kind") ?? "", namespace, name };
  return isRelease(object) && target.name(id) !== name
    ? leftOut("renamed", "Helm finds releases by names that it gives them, and this one has no objects of the new names in it")
    : undefined;
}

/** @throws {DomainError} corrupt/helm_release: it is a release, but cannot be read */
export function moveRelease(object: JsonObject, { namespace = "", name }: PointObject, target: Target): JsonObject {
  if (!isRelease(object) || target.renamedNamespaces.length === 0) return object;
  return changeIn(object, at("data.release"), (text) => {
    if (typeof text !== "string") return text;
    // A Secret has one layer of base64 of its own.
    const isSecret = object["kind"] === "Secret";
    try {
      const release = decoded(isSecret ? Buffer.from(text, "base64").toString("latin1") : text);
      const moved = encoded(movedRelease(release, target));
      return isSecret ? Buffer.from(moved, "latin1").toString("base64") : moved;
    } catch {
      // What the decoders say could quote what they read.
      throw new DomainError(
        "corrupt",
        "helm_release",
        `Cannot move Helm release "${name}" of namespace "${namespace}": it cannot be decoded`,
      );
    }
  });
}

function isRelease(object: JsonObject): boolean {
  const labels = objectIn(objectIn(object, "metadata"), "labels");
  return labels["owner"] === "helm" && textIn(objectIn(object, "data"), "release") !== undefined;
}

function decoded(text: string): JsonObject {
  const packed = Buffer.from(text, "base64");
  const isPacked = packed.subarray(0, GZIP.length).equals(GZIP);
  const release = parseJson((isPacked ? gunzipSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES }) : packed).toString("utf8"));
  if (!isJsonObject(release)) throw new TypeError("A release is an object");
  return release;
}

function encoded(release: JsonObject): string {
  return gzipSync(JSON.stringify(release), { level: 9 }).toString("base64");
}

function movedRelease(release: JsonObject, target: Target): JsonObject {
  const inText = (text: JsonValue): JsonValue => (typeof text === "string" ? movedManifest(text, target) : text);
  const named = changeIn(release, ["namespace"], (namespace) => (typeof namespace === "string" ? target.namespace(namespace) : namespace));
  return changeIn(changeIn(named, ["manifest"], inText), at("hooks[].manifest"), inText);
}

/** A field of YAML or JSON that names a namespace: at the start of a line, or after what ends a field before it. */
const NAMESPACE_FIELD =
  /(?<before>(?:^[ \t-]*|[{,]\s*)(?<field>["']?)namespace\k<field>[ \t]*:[ \t]*)(?<quote>["']?)(?<namespace>[a-z0-9-]+)\k<quote>(?=[\s,}\]]|$)/gm;

function movedManifest(manifest: string, target: Target): string {
  return manifest.replaceAll(NAMESPACE_FIELD, (_all, before: string, _field: string, quote: string, namespace: string) =>
    [before, quote, target.namespace(namespace), quote].join(""),
  );
}
