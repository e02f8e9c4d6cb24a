/** In which order objects are created: what a wave needs is in those before it. */
import { nameOf, type ResourcePath } from "../../kube/resource-type.ts";

export const WAVES = [
  "definitions",
  "classes",
  "access",
  "claims",
  "configuration",
  "network",
  "custom",
  "workloads",
  "scaling",
  "admission",
  "quotas",
] as const;

export type Wave = (typeof WAVES)[number];

/** Resources by wave. All others of Kubernetes' own are configuration, and all that are not Kubernetes' own are custom. */
const RESOURCES: Readonly<Partial<Record<Wave, readonly string[]>>> = {
  /** The rest is in the first or is of a kind that the second defines. */
  definitions: ["namespaces", "customresourcedefinitions.apiextensions.k8s.io"],
  classes: [
    "storageclasses.storage.k8s.io",
    "volumeattributesclasses.storage.k8s.io",
    "csidrivers.storage.k8s.io",
    "priorityclasses.scheduling.k8s.io",
    "runtimeclasses.node.k8s.io",
    "ingressclasses.networking.k8s.io",
    "deviceclasses.resource.k8s.io",
    "volumesnapshotclasses.snapshot.storage.k8s.io",
    "volumegroupsnapshotclasses.groupsnapshot.storage.k8s.io",
    "gatewayclasses.gateway.networking.k8s.io",
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
    "persistentvolumes",
  ],
  /** Accounts before secrets, which carry their tokens; limits before what they give defaults to. */
  access: [
    "serviceaccounts",
    "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "limitranges",
    "flowschemas.flowcontrol.apiserver.k8s.io",
  ],
  claims: ["persistentvolumeclaims"],
  /** Before workloads, so that none of them runs unguarded for a moment. */
  network: [
    "services",
    "endpoints",
    "endpointslices.discovery.k8s.io",
    "networkpolicies.networking.k8s.io",
    "gateways.gateway.networking.k8s.io",
  ],
  workloads: [
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicasets.apps",
    "replicationcontrollers",
    "jobs.batch",
    "cronjobs.batch",
    "pods",
  ],
  /** What looks at workloads, and what leads people to them. */
  scaling: ["horizontalpodautoscalers.autoscaling", "poddisruptionbudgets.policy", "ingresses.networking.k8s.io"],
  /** A webhook that nobody answers yet stops everything after it. */
  admission: [
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "validatingadmissionpolicies.admissionregistration.k8s.io",
    "validatingadmissionpolicybindings.admissionregistration.k8s.io",
    "mutatingadmissionpolicies.admissionregistration.k8s.io",
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
    "apiservices.apiregistration.k8s.io",
  ],
  quotas: ["resourcequotas"],
};

const WAVE_OF: ReadonlyMap<string, Wave> = new Map(
  WAVES.flatMap((wave) => (RESOURCES[wave] ?? []).map((resource): [string, Wave] => [resource, wave])),
);

export function waveOf(resource: ResourcePath): Wave {
  return WAVE_OF.get(nameOf(resource)) ?? (isBuiltIn(resource.group) ? "configuration" : "custom");
}

/** Groups of Kubernetes' own servers; all others come from definitions or other servers, some of which are called `….k8s.io`, too. */
const BUILT_IN_GROUPS: ReadonlySet<string> = new Set([
  "",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "apps",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "extensions",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
]);

export function isBuiltIn(group: string): boolean {
  return BUILT_IN_GROUPS.has(group);
}
