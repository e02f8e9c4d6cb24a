/** `apiextensions.k8s.io/v1beta1`: what each version has of its own now stood once for all of them. */
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn } from "../../../kube/json.ts";
import { changeIn, without } from "../edit.ts";

const SHARED = ["additionalPrinterColumns", "subresources", "validation", "version", "versions"];

/** `preserveUnknownFields` is left to the care of definitions. It was true unless somebody said otherwise. */
export function definitionOfBeta(object: JsonObject): JsonObject {
  return changeIn(object, ["spec"], (spec) => {
    if (!isJsonObject(spec)) return spec;
    const listed = listIn(spec, "versions");
    const versions = listed.length > 0 ? listed : [{ name: spec["version"] ?? "", served: true, storage: true }];
    const conversion = objectIn(spec, "conversion");
    return {
      preserveUnknownFields: true,
      ...without(spec, SHARED),
      ...("conversion" in spec ? { conversion: conversionOf(conversion) } : {}),
      versions: versions.map((version) => versionOf(version, spec)),
    };
  });
}

function versionOf(version: JsonValue, spec: JsonObject): JsonValue {
  if (!isJsonObject(version)) return version;
  const {
    additionalPrinterColumns = spec["additionalPrinterColumns"],
    subresources = spec["subresources"],
    schema = spec["validation"],
    ...rest
  } = version;
  const columns = Array.isArray(additionalPrinterColumns) ? (additionalPrinterColumns as readonly JsonValue[]).map(columnOf) : undefined;
  return {
    ...rest,
    schema: schema ?? { openAPIV3Schema: { type: "object" } },
    ...(subresources === undefined ? {} : { subresources }),
    ...(columns === undefined ? {} : { additionalPrinterColumns: columns }),
  };
}

function columnOf(column: JsonValue): JsonValue {
  if (!isJsonObject(column)) return column;
  const { JSONPath: jsonPath, ...rest } = column;
  return jsonPath === undefined ? column : { ...rest, jsonPath };
}

function conversionOf(conversion: JsonObject): JsonObject {
  const { webhookClientConfig: clientConfig, conversionReviewVersions = ["v1beta1"], ...rest } = conversion;
  return clientConfig === undefined ? rest : { ...rest, webhook: { clientConfig, conversionReviewVersions } };
}
