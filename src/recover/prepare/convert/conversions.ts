/**
 * Versions of Kubernetes' own APIs that newer servers do not serve at all, so that none can convert them: a named rule for each.
 * Where a server knows both versions it converts, and no rule is asked. It comes before all else that prepares an object: everything
 * else knows the versions of today.
 */
import type { JsonObject } from "../../../kube/json.ts";
import { apiVersionOf, type ResourcePath } from "../../../kube/resource-type.ts";
import { autoscalerOfFirstBeta } from "./autoscaler.ts";
import { definitionOfBeta } from "./definition.ts";
import { ingressOfBeta } from "./ingress.ts";
import { budgetOfBeta, priorityLevelOfBeta, sameShape, workloadOfBeta } from "./small.ts";

export interface Conversion {
  /** For plans: `ingress_v1beta1`. */
  readonly name: string;
  readonly to: ResourcePath;
  readonly convert: (object: JsonObject) => JsonObject;
}

/** Why no server has anything to put in the place of such an object. */
export interface NoSuccessor {
  readonly reason: string;
}

interface Rule {
  readonly name: string;
  /** `group/version plural` */
  readonly from: readonly string[];
  /** Group and version; the plural stays. */
  readonly to: readonly [group: string, version: string];
  readonly change: (object: JsonObject) => JsonObject;
}

const RULES: readonly Rule[] = [
  {
    name: "ingress_v1beta1",
    from: ["extensions/v1beta1 ingresses", "networking.k8s.io/v1beta1 ingresses"],
    to: ["networking.k8s.io", "v1"],
    change: ingressOfBeta,
  },
  {
    name: "workload_beta",
    from: [
      ...["deployments", "daemonsets", "replicasets"].map((plural) => `extensions/v1beta1 ${plural}`),
      ...["deployments", "statefulsets"].map((plural) => `apps/v1beta1 ${plural}`),
      ...["deployments", "daemonsets", "replicasets", "statefulsets"].map((plural) => `apps/v1beta2 ${plural}`),
    ],
    to: ["apps", "v1"],
    change: workloadOfBeta,
  },
  { name: "network_policy_v1beta1", from: ["extensions/v1beta1 networkpolicies"], to: ["networking.k8s.io", "v1"], change: sameShape },
  { name: "disruption_budget_v1beta1", from: ["policy/v1beta1 poddisruptionbudgets"], to: ["policy", "v1"], change: budgetOfBeta },
  { name: "cron_job_beta", from: ["batch/v1beta1 cronjobs", "batch/v2alpha1 cronjobs"], to: ["batch", "v1"], change: sameShape },
  {
    name: "autoscaler_v2beta1",
    from: ["autoscaling/v2beta1 horizontalpodautoscalers"],
    to: ["autoscaling", "v2"],
    change: autoscalerOfFirstBeta,
  },
  { name: "autoscaler_v2beta2", from: ["autoscaling/v2beta2 horizontalpodautoscalers"], to: ["autoscaling", "v2"], change: sameShape },
  {
    name: "flow_control_early_beta",
    from: ["v1beta1", "v1beta2"].map((version) => `flowcontrol.apiserver.k8s.io/${version} prioritylevelconfigurations`),
    to: ["flowcontrol.apiserver.k8s.io", "v1"],
    change: priorityLevelOfBeta,
  },
  {
    name: "flow_control_beta",
    from: [
      ...["v1beta1", "v1beta2", "v1beta3"].map((version) => `flowcontrol.apiserver.k8s.io/${version} flowschemas`),
      "flowcontrol.apiserver.k8s.io/v1beta3 prioritylevelconfigurations",
    ],
    to: ["flowcontrol.apiserver.k8s.io", "v1"],
    change: sameShape,
  },
  {
    name: "definition_v1beta1",
    from: ["apiextensions.k8s.io/v1beta1 customresourcedefinitions"],
    to: ["apiextensions.k8s.io", "v1"],
    change: definitionOfBeta,
  },
  {
    name: "webhook_v1beta1",
    from: ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"].map(
      (plural) => `admissionregistration.k8s.io/v1beta1 ${plural}`,
    ),
    to: ["admissionregistration.k8s.io", "v1"],
    change: sameShape,
  },
  {
    name: "rbac_v1beta1",
    from: ["roles", "rolebindings", "clusterroles", "clusterrolebindings"].map((plural) => `rbac.authorization.k8s.io/v1beta1 ${plural}`),
    to: ["rbac.authorization.k8s.io", "v1"],
    change: sameShape,
  },
  {
    name: "storage_v1beta1",
    from: ["storageclasses", "csidrivers"].map((plural) => `storage.k8s.io/v1beta1 ${plural}`),
    to: ["storage.k8s.io", "v1"],
    change: sameShape,
  },
  {
    name: "priority_class_beta",
    from: ["v1alpha1", "v1beta1"].map((version) => `scheduling.k8s.io/${version} priorityclasses`),
    to: ["scheduling.k8s.io", "v1"],
    change: sameShape,
  },
  { name: "runtime_class_v1beta1", from: ["node.k8s.io/v1beta1 runtimeclasses"], to: ["node.k8s.io", "v1"], change: sameShape },
  { name: "ingress_class_v1beta1", from: ["networking.k8s.io/v1beta1 ingressclasses"], to: ["networking.k8s.io", "v1"], change: sameShape },
  {
    name: "api_service_v1beta1",
    from: ["apiregistration.k8s.io/v1beta1 apiservices"],
    to: ["apiregistration.k8s.io", "v1"],
    change: sameShape,
  },
];

const NO_SUCCESSORS: Readonly<Record<string, string>> = {
  "policy/v1beta1 podsecuritypolicies": "Kubernetes 1.25 has no pod security policies any more, and nothing that says the same",
  "extensions/v1beta1 podsecuritypolicies": "Kubernetes 1.25 has no pod security policies any more, and nothing that says the same",
  "settings.k8s.io/v1alpha1 podpresets": "Kubernetes 1.20 has no pod presets any more, and nothing that says the same",
};

const RULE_OF: ReadonlyMap<string, Rule> = new Map(RULES.flatMap((rule) => rule.from.map((from): [string, Rule] => [from, rule])));

/** undefined: there is no rule for this version. */
export function conversionOf(resource: ResourcePath): Conversion | NoSuccessor | undefined {
  const from = `${apiVersionOf(resource)} ${resource.plural}`;
  const reason = NO_SUCCESSORS[from];
  if (reason !== undefined) return { reason };
  const rule = RULE_OF.get(from);
  if (rule === undefined) return undefined;
  const [group, version] = rule.to;
  const to = { group, version, plural: resource.plural };
  return { name: rule.name, to, convert: (object) => ({ ...rule.change(object), apiVersion: apiVersionOf(to) }) };
}
