/** Reads Helm's record of a release: base64, in it gzip, in it JSON. Whoever may write Secrets wrote it: it may be anything. */
import { gunzipSync } from "node:zlib";
import { isJsonObject, type JsonObject, objectIn, parseJson, textIn } from "../../kube/json.ts";
import { helmRecordOf } from "./marks.ts";
import type { Release } from "./release.ts";

/** A Secret has 1 MiB; what unpacks to more than this from that is made to fill memory. */
const MAX_BYTES = 32 * 1024 ** 2;

/** undefined: nothing can be read from it. */
export function helmReleaseOf(object: JsonObject): Release | undefined {
  const record = helmRecordOf(object);
  if (record === undefined) return undefined;
  const release = unpack(object);
  if (release === undefined) return undefined;
  const chart = objectIn(objectIn(release, "chart"), "metadata");
  const [chartName, version] = [textIn(chart, "name"), textIn(chart, "version")];
  return {
    tool: "helm",
    name: record.name,
    namespace: textIn(objectIn(object, "metadata"), "namespace") ?? "",
    source: chartName === undefined ? undefined : `${chartName}${version === undefined ? "" : ` ${version}`}`,
    revision: String(record.revision),
  };
}

function unpack(object: JsonObject): JsonObject | undefined {
  const text = textIn(objectIn(object, "data"), "release") ?? "";
  try {
    // A Secret holds everything in base64; Helm has done so before, and a ConfigMap knows that only.
    const inner = textIn(object, "kind") === "Secret" ? Buffer.from(text, "base64").toString("latin1") : text;
    const release = parseJson(gunzipSync(Buffer.from(inner, "base64"), { maxOutputLength: MAX_BYTES }).toString("utf8"));
    return isJsonObject(release) ? release : undefined;
  } catch {
    return undefined;
  }
}
