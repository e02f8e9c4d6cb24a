/** Definitions of custom resources: those written for the first version of their API are made valid for the second. */
import { isJsonObject, type JsonValue, objectIn } from "../../../kube/json.ts";
import type { Care } from "../care.ts";
import { at, changeIn } from "../edit.ts";

const PRESERVE = "x-kubernetes-preserve-unknown-fields";

export const definition: Care = {
  /** `spec.preserveUnknownFields: true` cannot be created any more; each schema says it itself. */
  clean(object) {
    if (objectIn(object, "spec")["preserveUnknownFields"] !== true) return object;
    const plain = changeIn(object, at("spec.preserveUnknownFields"), () => undefined);
    return changeIn(plain, at("spec.versions[]"), preserving);
  },
};

function preserving(version: JsonValue): JsonValue {
  if (!isJsonObject(version)) return version;
  const schema = objectIn(version, "schema");
  return {
    ...version,
    schema: { ...schema, openAPIV3Schema: { type: "object", ...objectIn(schema, "openAPIV3Schema"), [PRESERVE]: true } },
  };
}
