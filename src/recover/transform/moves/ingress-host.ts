/** `ingressHost: { from, to }`: requests come in under another name. `*.a` to `*.b` moves every name below. */
import type { JsonValue } from "../../../kube/json.ts";
import { idOfObject } from "../../../kube/object-id.ts";
import { at, type Path } from "../../prepare/edit.ts";
import { inAny, partsOf, type ReadMove } from "./move.ts";

/** By kind and group. */
const HOSTS: Readonly<Record<string, readonly Path[]>> = {
  "Ingress.networking.k8s.io": ["spec.rules[].host", "spec.tls[].hosts[]"].map(at),
  "Gateway.gateway.networking.k8s.io": ["spec.listeners[].hostname"].map(at),
  "HTTPRoute.gateway.networking.k8s.io": ["spec.hostnames[]"].map(at),
  "GRPCRoute.gateway.networking.k8s.io": ["spec.hostnames[]"].map(at),
  "TLSRoute.gateway.networking.k8s.io": ["spec.hostnames[]"].map(at),
  "Route.route.openshift.io": ["spec.host"].map(at),
};

export const ingressHost: ReadMove = (fields, name) => {
  const move = partsOf(fields, name, ["from", "to"]);
  const [from, to] = [move.requiredText("from"), move.requiredText("to")];
  if (from.startsWith("*.") !== to.startsWith("*.")) throw move.refusal("to", 'has to begin as "from" does: both with "*." or neither');
  const moved = (host: JsonValue): string | undefined => {
    if (host === from) return to;
    const suffix = from.startsWith("*.") ? from.slice(1) : undefined;
    return suffix !== undefined && typeof host === "string" && host.endsWith(suffix)
      ? `${host.slice(0, -suffix.length)}${to.slice(1)}`
      : undefined;
  };
  return (object) => {
    const { kind, group } = idOfObject(object);
    return inAny(object, HOSTS[`${kind}.${group}`] ?? [], moved);
  };
};
