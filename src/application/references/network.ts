/** Ingresses, and the routes and gateways of the Gateway API. */
import { type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";
import { type Reference, SECRET, SERVICE, to } from "./reference.ts";

const INGRESS_CLASS = { group: "networking.k8s.io", kind: "IngressClass" };
const GATEWAY_GROUP = "gateway.networking.k8s.io";
const GATEWAY_CLASS = { group: GATEWAY_GROUP, kind: "GatewayClass" };
/** What was used before the field, and still is. */
const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

export function* ingressReferences(object: JsonObject, namespace: string | undefined): Iterable<Reference> {
  const spec = objectIn(object, "spec");
  const annotation = textIn(objectIn(objectIn(object, "metadata"), "annotations"), CLASS_ANNOTATION);
  yield* to(INGRESS_CLASS, undefined, textIn(spec, "ingressClassName") ?? annotation, "ingress class");
  yield* ingressBackend(objectIn(spec, "defaultBackend"), namespace);
  for (const rule of listIn(spec, "rules")) {
    for (const path of listIn(objectIn(rule, "http"), "paths")) yield* ingressBackend(objectIn(path, "backend"), namespace);
  }
  for (const tls of listIn(spec, "tls")) yield* to(SECRET, namespace, textIn(tls, "secretName"), "certificate");
}

function* ingressBackend(backend: JsonObject, namespace: string | undefined): Iterable<Reference> {
  yield* to(SERVICE, namespace, textIn(objectIn(backend, "service"), "name"), "sends requests to it");
  const resource = objectIn(backend, "resource");
  const kind = { group: textIn(resource, "apiGroup") ?? "", kind: textIn(resource, "kind") ?? "" };
  yield* to(kind, namespace, textIn(resource, "name"), "sends requests to it");
}

export function* routeReferences(object: JsonObject, namespace: string | undefined): Iterable<Reference> {
  const spec = objectIn(object, "spec");
  for (const parent of listIn(spec, "parentRefs")) {
    yield* typed(parent, { group: GATEWAY_GROUP, kind: "Gateway" }, namespace, "gets requests from it");
  }
  for (const rule of listIn(spec, "rules")) {
    for (const backend of listIn(rule, "backendRefs")) yield* typed(backend, SERVICE, namespace, "sends requests to it");
    for (const filter of listIn(rule, "filters")) {
      yield* typed(objectIn(objectIn(filter, "requestMirror"), "backendRef"), SERVICE, namespace, "sends requests to it");
    }
  }
}

export function* gatewayReferences(object: JsonObject, namespace: string | undefined): Iterable<Reference> {
  const spec = objectIn(object, "spec");
  yield* to(GATEWAY_CLASS, undefined, textIn(spec, "gatewayClassName"), "gateway class");
  for (const listener of listIn(spec, "listeners")) {
    const certificates = listIn(objectIn(listener, "tls"), "certificateRefs");
    for (const certificate of certificates) yield* typed(certificate, SECRET, namespace, "certificate");
  }
}

/** Where group, kind and namespace are those of most unless they stand there. */
function typed(
  reference: JsonValue,
  usual: { readonly group: string; readonly kind: string },
  namespace: string | undefined,
  why: string,
): readonly Reference[] {
  const kind = { group: textIn(reference, "group") ?? usual.group, kind: textIn(reference, "kind") ?? usual.kind };
  return to(kind, textIn(reference, "namespace") ?? namespace, textIn(reference, "name"), why);
}
