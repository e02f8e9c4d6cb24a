/** What the spec of a pod refers to, wherever it stands: in a pod or in the template of a workload. */
import { type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";
import { claimSpecReferences } from "./claim-spec.ts";
import { CLAIM, CONFIG_MAP, type Reference, SECRET, SERVICE_ACCOUNT, to } from "./reference.ts";

const PRIORITY_CLASS = { group: "scheduling.k8s.io", kind: "PriorityClass" };
const RUNTIME_CLASS = { group: "node.k8s.io", kind: "RuntimeClass" };
const RESOURCE_CLAIM = { group: "resource.k8s.io", kind: "ResourceClaim" };
const RESOURCE_CLAIM_TEMPLATE = { group: "resource.k8s.io", kind: "ResourceClaimTemplate" };
const CONTAINER_LISTS = ["initContainers", "containers", "ephemeralContainers"];

export function* podSpecReferences(spec: JsonValue, namespace: string | undefined): Iterable<Reference> {
  for (const list of CONTAINER_LISTS) {
    for (const container of listIn(spec, list)) yield* environment(container, namespace);
  }
  for (const volume of listIn(spec, "volumes")) yield* volumeReferences(volume, namespace);
  for (const secret of listIn(spec, "imagePullSecrets")) yield* to(SECRET, namespace, textIn(secret, "name"), "image pull secret");
  yield* to(SERVICE_ACCOUNT, namespace, textIn(spec, "serviceAccountName"), "service account");
  yield* to(PRIORITY_CLASS, undefined, textIn(spec, "priorityClassName"), "priority class");
  yield* to(RUNTIME_CLASS, undefined, textIn(spec, "runtimeClassName"), "runtime class");
  for (const claim of listIn(spec, "resourceClaims")) {
    yield* to(RESOURCE_CLAIM, namespace, textIn(claim, "resourceClaimName"), "device");
    yield* to(RESOURCE_CLAIM_TEMPLATE, namespace, textIn(claim, "resourceClaimTemplateName"), "device");
  }
}

function* environment(container: JsonValue, namespace: string | undefined): Iterable<Reference> {
  for (const source of listIn(container, "envFrom")) {
    yield* to(CONFIG_MAP, namespace, textIn(objectIn(source, "configMapRef"), "name"), "environment");
    yield* to(SECRET, namespace, textIn(objectIn(source, "secretRef"), "name"), "environment");
  }
  for (const variable of listIn(container, "env")) {
    const from = objectIn(variable, "valueFrom");
    yield* to(CONFIG_MAP, namespace, textIn(objectIn(from, "configMapKeyRef"), "name"), "environment");
    yield* to(SECRET, namespace, textIn(objectIn(from, "secretKeyRef"), "name"), "environment");
  }
}

function* volumeReferences(volume: JsonValue, namespace: string | undefined): Iterable<Reference> {
  const claim = textIn(objectIn(volume, "persistentVolumeClaim"), "claimName");
  yield* to(CLAIM, namespace, claim, "volume");
  yield* to(CONFIG_MAP, namespace, textIn(objectIn(volume, "configMap"), "name"), "volume");
  yield* to(SECRET, namespace, textIn(objectIn(volume, "secret"), "secretName"), "volume");
  for (const source of listIn(objectIn(volume, "projected"), "sources")) {
    yield* to(CONFIG_MAP, namespace, textIn(objectIn(source, "configMap"), "name"), "volume");
    yield* to(SECRET, namespace, textIn(objectIn(source, "secret"), "name"), "volume");
  }
  const template = objectIn(objectIn(volume, "ephemeral"), "volumeClaimTemplate");
  yield* claimSpecReferences(objectIn(template, "spec"), namespace);
  yield* to(SECRET, namespace, textIn(objectIn(volume, "azureFile"), "secretName"), "volume credentials");
  yield* to(SECRET, namespace, textIn(objectIn(objectIn(volume, "csi"), "nodePublishSecretRef"), "name"), "volume credentials");
  // Of the drivers inside of Kubernetes, all that are left name it alike.
  for (const driver of ["cephfs", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"]) {
    yield* to(SECRET, namespace, textIn(objectIn(objectIn(volume, driver), "secretRef"), "name"), "volume credentials");
  }
}
