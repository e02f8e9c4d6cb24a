/** One object of every kind that a namespace can hold of Kubernetes' own, as people write them. */
import type { TestCluster } from "./test-cluster.ts";
import { claim, claimSpec, IDLE, pod, podSpec } from "./manifests.ts";

/** Kinds of a namespace that nobody can make: requests, or what the cluster reports by itself. */
export async function everyKind(cluster: TestCluster): Promise<readonly object[]> {
  const image = await cluster.image("shell");
  const running = { image, command: IDLE };
  const template = (app: string): object => ({ metadata: { labels: { app } }, spec: podSpec(running) });
  const selector = (app: string): object => ({ matchLabels: { app } });
  const sleeping = { ...podSpec(running), restartPolicy: "Never" };
  const object = (apiVersion: string, kind: string, name: string, content: object): object => ({
    apiVersion,
    kind,
    metadata: { name, labels: { kind: kind.toLowerCase() } },
    ...content,
  });
  const requests = { devices: { requests: [{ name: "d", exactly: { deviceClassName: "none.example.com" } }] } };
  return [
    object("v1", "ConfigMap", "config", { data: { key: "value" }, binaryData: { blob: "AAEC" } }),
    object("v1", "Secret", "secret", { stringData: { password: "hunter2" } }),
    object("v1", "ServiceAccount", "account", { automountServiceAccountToken: false }),
    object("v1", "LimitRange", "limits", { spec: { limits: [{ type: "Container", defaultRequest: { cpu: "10m" } }] } }),
    object("v1", "ResourceQuota", "quota", { spec: { hard: { "count/widgets.example.com": "100", pods: "50" } } }),
    object("v1", "PodTemplate", "template", { template: template("template") }),
    claim("data", { class: "btrfs", size: "16Mi" }),
    pod("bare", { ...running, labels: { app: "bare" }, mounts: { "/data": "data" } }),
    object("v1", "ReplicationController", "controller", { spec: { replicas: 1, selector: { app: "rc" }, template: template("rc") } }),
    object("v1", "Service", "web", {
      spec: { type: "NodePort", selector: { app: "web" }, ports: [{ name: "http", port: 80, nodePort: 0 }] },
    }),
    object("v1", "Service", "headless", { spec: { clusterIP: "None", selector: { app: "db" }, ports: [{ name: "db", port: 5432 }] } }),
    object("v1", "Service", "outside", { spec: { ports: [{ name: "http", port: 80 }] } }),
    object("v1", "Endpoints", "outside", { subsets: [{ addresses: [{ ip: "192.0.2.1" }], ports: [{ name: "http", port: 80 }] }] }),
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "other", labels: { "kubernetes.io/service-name": "outside" } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["192.0.2.2"] }],
      ports: [{ name: "http", port: 80 }],
    },
    object("apps/v1", "Deployment", "web", { spec: { replicas: 2, selector: selector("web"), template: template("web") } }),
    object("apps/v1", "ReplicaSet", "set", { spec: { replicas: 1, selector: selector("set"), template: template("set") } }),
    object("apps/v1", "DaemonSet", "agent", { spec: { selector: selector("agent"), template: template("agent") } }),
    object("apps/v1", "StatefulSet", "db", {
      spec: {
        replicas: 1,
        serviceName: "headless",
        selector: selector("db"),
        template: template("db"),
        volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec({ class: "btrfs-wait", size: "16Mi" }) }],
      },
    }),
    object("apps/v1", "ControllerRevision", "revision", { data: { some: "state" }, revision: 3 }),
    object("batch/v1", "Job", "job", { spec: { template: { spec: sleeping } } }),
    object("batch/v1", "CronJob", "cron", { spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: { template: { spec: sleeping } } } } }),
    object("autoscaling/v2", "HorizontalPodAutoscaler", "web", {
      spec: { minReplicas: 2, maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } },
    }),
    object("policy/v1", "PodDisruptionBudget", "web", { spec: { maxUnavailable: 1, selector: selector("web") } }),
    object("networking.k8s.io/v1", "NetworkPolicy", "web", { spec: { podSelector: selector("web"), policyTypes: ["Ingress"] } }),
    object("networking.k8s.io/v1", "Ingress", "web", {
      spec: {
        rules: [
          {
            host: "web.example.com",
            http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { name: "http" } } } }] },
          },
        ],
      },
    }),
    object("rbac.authorization.k8s.io/v1", "Role", "reader", { rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }] }),
    object("rbac.authorization.k8s.io/v1", "RoleBinding", "reader", {
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
      subjects: [{ kind: "ServiceAccount", name: "account", namespace: cluster.namespace }],
    }),
    object("coordination.k8s.io/v1", "Lease", "lease", { spec: { holderIdentity: "web-1", leaseDurationSeconds: 15 } }),
    object("resource.k8s.io/v1", "ResourceClaimTemplate", "device", { spec: { spec: requests } }),
    object("resource.k8s.io/v1", "ResourceClaim", "device", { spec: requests }),
  ];
}

/** A definition of several versions, of which only the group is the test's own; one keeps what its schema does not know. */
export function widgetDefinition(group: string, names: readonly string[] = ["v1", "v2"]): object {
  const schema = {
    type: "object",
    properties: {
      spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
  };
  const version = (name: string, storage: boolean): object => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: schema },
    subresources: { status: {} },
  });
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: names.map((name, at) => version(name, at === names.length - 1)),
    },
  };
}
