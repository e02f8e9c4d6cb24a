/** What a server or a webhook says of a Secret, with nothing in it that the Secret has in it. Pure. */
import { type JsonObject, objectIn } from "../../kube/json.ts";

/** Shorter values stand in any sentence. */
const MIN_LENGTH = 4;
const HIDDEN = "…";

export function withoutSecrets(words: string, object: JsonObject): string {
  if (object["kind"] !== "Secret") return words;
  const encoded = Object.values(objectIn(object, "data")).filter((value) => typeof value === "string");
  const plain = Object.values(objectIn(object, "stringData")).filter((value) => typeof value === "string");
  const decoded = encoded.map((value) => Buffer.from(value, "base64").toString("utf8"));
  const values = [...encoded, ...plain, ...decoded].map((value) => value.trim()).filter(({ length }) => length >= MIN_LENGTH);
  // The longer first: one may be a part of another.
  return values.toSorted((left, right) => right.length - left.length).reduce((text, value) => text.replaceAll(value, HIDDEN), words);
}
