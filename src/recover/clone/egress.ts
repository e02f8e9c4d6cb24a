/**
 * What pods of a copy may connect to: each other, names, and what was opened. Policies add up, so those that come along must allow nothing
 * to the outside themselves.
 */
import { isIP } from "node:net";
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, listIn, objectIn } from "../../kube/json.ts";
import type { PointObject } from "../../point/point-object.ts";
import { without } from "../prepare/edit.ts";
import type { CloneContext } from "./clone-options.ts";

export const POLICIES = { group: "networking.k8s.io", version: "v1", plural: "networkpolicies", kind: "NetworkPolicy" } as const;
export const POLICY_NAME = "holdfast-clone";
const DNS_PORT = 53;
/** Where the DNS servers of nearly every cluster are. */
const DNS_NAMESPACE = "kube-system";
const NAMESPACE_LABEL = "kubernetes.io/metadata.name";

/** Groups whose policies add up with those of Kubernetes, and may allow what ours denies. */
const OTHER_POLICIES: ReadonlySet<string> = new Set([
  "cilium.io",
  "crd.projectcalico.org",
  "projectcalico.org",
  "policy.networking.k8s.io",
]);

export function isOtherPolicy({ group, kind }: CloneContext): boolean {
  return OTHER_POLICIES.has(group) && kind.endsWith("NetworkPolicy");
}

/** The one that cloneSource() adds; it yields no other of that name. */
export function isOwnPolicy({ group, kind }: CloneContext, name: string): boolean {
  return group === POLICIES.group && kind === POLICIES.kind && name === POLICY_NAME;
}

/** The policy without what it lets out; undefined: nothing is left of it. */
export function withoutEgress(object: JsonObject, { group, kind }: CloneContext): JsonObject | undefined {
  if (group !== POLICIES.group || kind !== POLICIES.kind) return object;
  const spec = objectIn(object, "spec");
  const types = listIn(spec, "policyTypes");
  if (!types.includes("Egress") && !("egress" in spec)) return object;
  const others = types.length === 0 ? ["Ingress"] : types.filter((type) => type !== "Egress");
  return others.length === 0 ? undefined : { ...object, spec: { ...without(spec, ["egress"]), policyTypes: others } };
}

/** As it would have been captured. @throws {DomainError} usage/clone_egress */
export function egressPolicy(namespace: string, openEgress: readonly string[]): PointObject {
  const dns = [
    { protocol: "UDP", port: DNS_PORT },
    { protocol: "TCP", port: DNS_PORT },
  ];
  const object: JsonObject = {
    apiVersion: `${POLICIES.group}/${POLICIES.version}`,
    kind: POLICIES.kind,
    metadata: { name: POLICY_NAME, namespace },
    spec: {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [
        { to: [{ podSelector: {} }] },
        { to: [{ namespaceSelector: { matchLabels: { [NAMESPACE_LABEL]: DNS_NAMESPACE } } }], ports: dns },
        ...openEgress.map((target) => ({ to: [peerOf(target)] })),
      ],
    },
  };
  return { resource: { group: POLICIES.group, version: POLICIES.version, plural: POLICIES.plural }, namespace, name: POLICY_NAME, object };
}

const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

function peerOf(target: string): JsonObject {
  const [address = "", bits, ...more] = target.split("/");
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  if (version !== 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))) {
    return { ipBlock: { cidr: bits === undefined ? `${address}/${most}` : target } };
  }
  if (NAMESPACE.test(target)) return { namespaceSelector: { matchLabels: { [NAMESPACE_LABEL]: target } } };
  throw new DomainError("usage", "clone_egress", `Cannot open "${target}": neither addresses, as 10.1.0.0/16, nor the name of a namespace`);
}
