/** Ingresses before `networking.k8s.io/v1`: a backend was a name and a port, and a path had no type. */
import { isJsonObject, type JsonObject, type JsonValue, objectIn, textIn } from "../../../kube/json.ts";
import { at, changeIn, without } from "../edit.ts";

const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

export function ingressOfBeta(object: JsonObject): JsonObject {
  const withDefault = changeIn(object, ["spec"], (spec) => {
    if (!isJsonObject(spec) || spec["backend"] === undefined) return spec;
    return { ...without(spec, ["backend"]), defaultBackend: backendOf(spec["backend"]) };
  });
  const withPaths = changeIn(withDefault, at("spec.rules[].http.paths[]"), (path) => {
    if (!isJsonObject(path)) return path;
    return { pathType: "ImplementationSpecific", ...path, backend: backendOf(path["backend"] ?? {}) };
  });
  // The server refuses new ones that say it twice.
  const isTwice = textIn(objectIn(object, "spec"), "ingressClassName") !== undefined;
  return isTwice ? changeIn(withPaths, ["metadata", "annotations", CLASS_ANNOTATION], () => undefined) : withPaths;
}

function backendOf(backend: JsonValue): JsonValue {
  if (!isJsonObject(backend)) return backend;
  const { serviceName, servicePort, ...rest } = backend;
  if (serviceName === undefined || servicePort === undefined) return rest;
  return {
    ...rest,
    service: { name: serviceName, port: typeof servicePort === "number" ? { number: servicePort } : { name: servicePort } },
  };
}
