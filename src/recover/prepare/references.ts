/** Where built-in kinds name other objects by a bare name, whose kind the field tells. What says its kind itself is in follow.ts. */
import { nameOf, type ResourcePath } from "../../kube/resource-type.ts";
import { at, type Path } from "./edit.ts";

export interface NameField {
  readonly path: Path;
  readonly group: string;
  readonly kind: string;
}

const STORAGE = "storage.k8s.io/StorageClass";

/** Paths in the spec of a pod. */
const CONTAINER: Readonly<Record<string, string>> = {
  "env[].valueFrom.configMapKeyRef.name": "ConfigMap",
  "env[].valueFrom.secretKeyRef.name": "Secret",
  "envFrom[].configMapRef.name": "ConfigMap",
  "envFrom[].secretRef.name": "Secret",
};
const POD: Readonly<Record<string, string>> = {
  ...below("containers[]", CONTAINER),
  ...below("initContainers[]", CONTAINER),
  serviceAccount: "ServiceAccount",
  serviceAccountName: "ServiceAccount",
  "imagePullSecrets[].name": "Secret",
  "resourceClaims[].resourceClaimName": "resource.k8s.io/ResourceClaim",
  "resourceClaims[].resourceClaimTemplateName": "resource.k8s.io/ResourceClaimTemplate",
  "volumes[].azureFile.secretName": "Secret",
  "volumes[].cephfs.secretRef.name": "Secret",
  "volumes[].configMap.name": "ConfigMap",
  "volumes[].csi.nodePublishSecretRef.name": "Secret",
  "volumes[].ephemeral.volumeClaimTemplate.spec.storageClassName": STORAGE,
  "volumes[].flexVolume.secretRef.name": "Secret",
  "volumes[].iscsi.secretRef.name": "Secret",
  "volumes[].persistentVolumeClaim.claimName": "PersistentVolumeClaim",
  "volumes[].projected.sources[].configMap.name": "ConfigMap",
  "volumes[].projected.sources[].secret.name": "Secret",
  "volumes[].rbd.secretRef.name": "Secret",
  "volumes[].secret.secretName": "Secret",
};
const WEBHOOKS = { "webhooks[].clientConfig.service.name": "Service" };
const TEMPLATE = below("spec.template.spec", POD);

/** By `plural.group`: the field, and the kind with its group. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "apiservices.apiregistration.k8s.io": { "spec.service.name": "Service" },
  "cronjobs.batch": below("spec.jobTemplate.spec.template.spec", POD),
  "customresourcedefinitions.apiextensions.k8s.io": { "spec.conversion.webhook.clientConfig.service.name": "Service" },
  "daemonsets.apps": TEMPLATE,
  "deployments.apps": TEMPLATE,
  "ingresses.networking.k8s.io": {
    "spec.defaultBackend.service.name": "Service",
    "spec.rules[].http.paths[].backend.service.name": "Service",
    "spec.tls[].secretName": "Secret",
  },
  "jobs.batch": TEMPLATE,
  "mutatingwebhookconfigurations.admissionregistration.k8s.io": WEBHOOKS,
  persistentvolumeclaims: { "spec.storageClassName": STORAGE },
  persistentvolumes: { "spec.storageClassName": STORAGE },
  pods: below("spec", POD),
  podtemplates: below("template.spec", POD),
  "replicasets.apps": TEMPLATE,
  replicationcontrollers: TEMPLATE,
  serviceaccounts: { "secrets[].name": "Secret", "imagePullSecrets[].name": "Secret" },
  "statefulsets.apps": {
    ...TEMPLATE,
    "spec.serviceName": "Service",
    "spec.volumeClaimTemplates[].spec.storageClassName": STORAGE,
  },
  "validatingwebhookconfigurations.admissionregistration.k8s.io": WEBHOOKS,
};

const NAME_FIELDS: ReadonlyMap<string, readonly NameField[]> = new Map(
  Object.entries(FIELDS).map(([resource, fields]) => [resource, Object.entries(fields).map(nameField)]),
);

export function nameFieldsOf(resource: ResourcePath): readonly NameField[] {
  return NAME_FIELDS.get(nameOf(resource)) ?? [];
}

function below(path: string, fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).map(([field, kind]) => [`${path}.${field}`, kind]));
}

function nameField([path, what]: readonly [string, string]): NameField {
  const slash = what.indexOf("/");
  return { path: at(path), group: what.slice(0, Math.max(slash, 0)), kind: what.slice(slash + 1) };
}
