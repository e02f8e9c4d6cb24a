import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../kube/json.ts";
import { referencesOf } from "./references.ts";

/** `Secret a/b: volume`; what belongs to the cluster has no slash. */
function lines(object: JsonObject): readonly string[] {
  const named = { metadata: { namespace: "shop", name: "x" }, ...object };
  return Array.from(
    referencesOf(named),
    ({ id, why }) => `${id.kind} ${id.namespace === undefined ? "" : `${id.namespace}/`}${id.name}: ${why}`,
  );
}

const podSpec = {
  serviceAccountName: "web",
  priorityClassName: "high",
  runtimeClassName: "gvisor",
  imagePullSecrets: [{ name: "registry" }],
  initContainers: [{ env: [{ name: "A", valueFrom: { secretKeyRef: { name: "init", key: "k" } } }] }],
  containers: [
    {
      env: [
        { name: "B", value: "plain" },
        { name: "C", valueFrom: { configMapKeyRef: { name: "settings", key: "k" } } },
        { name: "D", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      ],
      envFrom: [{ secretRef: { name: "all" } }, { configMapRef: { name: "more" } }],
    },
  ],
  volumes: [
    { name: "a", persistentVolumeClaim: { claimName: "data" } },
    { name: "b", configMap: { name: "files" } },
    { name: "c", secret: { secretName: "keys" } },
    { name: "d", projected: { sources: [{ configMap: { name: "ca" } }, { secret: { name: "tls" } }, { serviceAccountToken: {} }] } },
    { name: "e", csi: { driver: "d", nodePublishSecretRef: { name: "csi" } } },
    { name: "f", ephemeral: { volumeClaimTemplate: { spec: { storageClassName: "scratch" } } } },
    { name: "g", rbd: { secretRef: { name: "ceph" } } },
    { name: "h", emptyDir: {} },
  ],
};

const ofPodSpec = [
  "Secret shop/init: environment",
  "Secret shop/all: environment",
  "ConfigMap shop/more: environment",
  "ConfigMap shop/settings: environment",
  "PersistentVolumeClaim shop/data: volume",
  "ConfigMap shop/files: volume",
  "Secret shop/keys: volume",
  "ConfigMap shop/ca: volume",
  "Secret shop/tls: volume",
  "Secret shop/csi: volume credentials",
  "StorageClass scratch: storage class",
  "Secret shop/ceph: volume credentials",
  "Secret shop/registry: image pull secret",
  "ServiceAccount shop/web: service account",
  "PriorityClass high: priority class",
  "RuntimeClass gvisor: runtime class",
];

const template = { template: { spec: podSpec } };
const withPods: readonly (readonly [apiVersion: string, kind: string, fields: JsonObject])[] = [
  ["v1", "Pod", { spec: podSpec }],
  ["v1", "ReplicationController", { spec: template }],
  ["apps/v1", "Deployment", { spec: template }],
  ["apps/v1", "ReplicaSet", { spec: template }],
  ["apps/v1", "DaemonSet", { spec: template }],
  ["batch/v1", "Job", { spec: template }],
  ["batch/v1", "CronJob", { spec: { jobTemplate: { spec: template } } }],
];
for (const [apiVersion, kind, fields] of withPods) {
  test(`a ${kind} refers to what its pods need`, () => assert.deepEqual(lines({ apiVersion, kind, ...fields }), ofPodSpec));
}

const others: readonly (readonly [apiVersion: string, kind: string, fields: JsonObject, expected: readonly string[]])[] = [
  [
    "apps/v1",
    "StatefulSet",
    { spec: { serviceName: "db", volumeClaimTemplates: [{ spec: { storageClassName: "fast", dataSource: null } }] } },
    ["Service shop/db: names its pods", "StorageClass fast: storage class"],
  ],
  [
    "v1",
    "PersistentVolumeClaim",
    {
      spec: {
        storageClassName: "fast",
        volumeName: "pv-1",
        dataSourceRef: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "s", namespace: "old" },
      },
    },
    ["StorageClass fast: storage class", "PersistentVolume pv-1: its volume", "VolumeSnapshot old/s: made from it"],
  ],
  ["v1", "PersistentVolumeClaim", { spec: { storageClassName: "" } }, []],
  [
    "v1",
    "PersistentVolume",
    {
      metadata: { name: "pv-1" },
      spec: {
        claimRef: { namespace: "shop", name: "data" },
        storageClassName: "fast",
        csi: { driver: "d", volumeAttributes: { a: "b" }, nodeStageSecretRef: { namespace: "csi", name: "key" } },
      },
    },
    ["PersistentVolumeClaim shop/data: bound to it", "StorageClass fast: storage class", "Secret csi/key: volume credentials"],
  ],
  [
    "snapshot.storage.k8s.io/v1",
    "VolumeSnapshot",
    {
      spec: { volumeSnapshotClassName: "snap", source: { persistentVolumeClaimName: "data" } },
      status: { boundVolumeSnapshotContentName: "content" },
    },
    [
      "VolumeSnapshotClass snap: snapshot class",
      "PersistentVolumeClaim shop/data: snapshot of it",
      "VolumeSnapshotContent content: its content",
    ],
  ],
  [
    "networking.k8s.io/v1",
    "Ingress",
    {
      spec: {
        ingressClassName: "nginx",
        defaultBackend: { resource: { apiGroup: "k8s.example.com", kind: "StorageBucket", name: "static" } },
        rules: [{ http: { paths: [{ backend: { service: { name: "web" } } }] } }],
        tls: [{ secretName: "cert" }],
      },
    },
    [
      "IngressClass nginx: ingress class",
      "StorageBucket shop/static: sends requests to it",
      "Service shop/web: sends requests to it",
      "Secret shop/cert: certificate",
    ],
  ],
  [
    "networking.k8s.io/v1",
    "Ingress",
    { metadata: { namespace: "shop", annotations: { "kubernetes.io/ingress.class": "old" } } },
    ["IngressClass old: ingress class"],
  ],
  [
    "gateway.networking.k8s.io/v1",
    "HTTPRoute",
    {
      spec: {
        parentRefs: [{ name: "edge", namespace: "infra" }],
        rules: [{ backendRefs: [{ name: "web", port: 80 }], filters: [{ requestMirror: { backendRef: { name: "copy" } } }] }],
      },
    },
    ["Gateway infra/edge: gets requests from it", "Service shop/web: sends requests to it", "Service shop/copy: sends requests to it"],
  ],
  [
    "gateway.networking.k8s.io/v1",
    "Gateway",
    { spec: { gatewayClassName: "envoy", listeners: [{ tls: { certificateRefs: [{ name: "cert" }] } }] } },
    ["GatewayClass envoy: gateway class", "Secret shop/cert: certificate"],
  ],
  [
    "autoscaling/v2",
    "HorizontalPodAutoscaler",
    { spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } } },
    ["Deployment shop/web: scales it"],
  ],
  [
    "rbac.authorization.k8s.io/v1",
    "RoleBinding",
    {
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
      subjects: [
        { kind: "ServiceAccount", name: "web" },
        { kind: "ServiceAccount", name: "ci", namespace: "build" },
        { kind: "User", name: "anna" },
      ],
    },
    ["ClusterRole view: role", "ServiceAccount shop/web: gives it rights", "ServiceAccount build/ci: gives it rights"],
  ],
  [
    "rbac.authorization.k8s.io/v1",
    "RoleBinding",
    { roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "own" } },
    ["Role shop/own: role"],
  ],
  [
    "v1",
    "ServiceAccount",
    { secrets: [{ name: "token" }], imagePullSecrets: [{ name: "registry" }] },
    ["Secret shop/token: secret", "Secret shop/registry: image pull secret"],
  ],
  [
    "v1",
    "Secret",
    { metadata: { namespace: "shop", annotations: { "kubernetes.io/service-account.name": "web" } } },
    ["ServiceAccount shop/web: token of it"],
  ],
  [
    "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration",
    {
      metadata: { name: "x" },
      webhooks: [{ clientConfig: { service: { namespace: "shop", name: "hook" } } }, { clientConfig: { url: "https://a" } }],
    },
    ["Service shop/hook: calls it"],
  ],
  [
    "apiregistration.k8s.io/v1",
    "APIService",
    { metadata: { name: "x" }, spec: { service: { namespace: "shop", name: "metrics" } } },
    ["Service shop/metrics: is served by it"],
  ],
  [
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    { metadata: { name: "x" }, spec: { conversion: { webhook: { clientConfig: { service: { namespace: "shop", name: "convert" } } } } } },
    ["Service shop/convert: converts its versions"],
  ],
];
for (const [apiVersion, kind, fields, expected] of others) {
  test(`a ${kind} refers to ${expected.length === 0 ? "nothing if its names are empty" : expected.join(", ")}`, () =>
    assert.deepEqual(lines({ apiVersion, kind, ...fields }), expected));
}

test("nothing is guessed of kinds that are not Kubernetes' own, and nothing breaks at fields of other types", () => {
  assert.deepEqual(lines({ apiVersion: "example.com/v1", kind: "Deployment", spec: template }), []);
  assert.deepEqual(lines({ apiVersion: "constructor/v1", kind: "toString" }), []);
  assert.deepEqual(
    lines({ apiVersion: "v1", kind: "Pod", spec: { containers: 5, volumes: [null, { secret: "a" }], imagePullSecrets: {} } }),
    [],
  );
});
