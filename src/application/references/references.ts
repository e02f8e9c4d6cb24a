/** Everything that an object of a built-in kind refers to. What a custom resource means only its operator knows: nothing is guessed. */
import { type JsonObject } from "../../kube/json.ts";
import { idOfObject } from "../../kube/object-id.ts";
import { accountReferences, bindingReferences, secretReferences } from "./access.ts";
import { apiServiceReferences, definitionReferences, webhookReferences } from "./extensions.ts";
import { gatewayReferences, ingressReferences, routeReferences } from "./network.ts";
import type { Reference } from "./reference.ts";
import { claimReferences, snapshotContentReferences, snapshotReferences, volumeReferences } from "./storage.ts";
import { scalerReferences, statefulSetReferences, workloadReferences } from "./workloads.ts";

type ReadReferences = (object: JsonObject, namespace: string | undefined) => Iterable<Reference>;

/** By group, then kind. */
const READERS: Readonly<Record<string, Readonly<Record<string, ReadReferences>>>> = {
  "": {
    PersistentVolume: volumeReferences,
    PersistentVolumeClaim: claimReferences,
    Pod: workloadReferences,
    PodTemplate: workloadReferences,
    ReplicationController: workloadReferences,
    Secret: secretReferences,
    ServiceAccount: accountReferences,
  },
  "admissionregistration.k8s.io": {
    MutatingWebhookConfiguration: webhookReferences,
    ValidatingWebhookConfiguration: webhookReferences,
  },
  "apiextensions.k8s.io": { CustomResourceDefinition: definitionReferences },
  "apiregistration.k8s.io": { APIService: apiServiceReferences },
  apps: {
    DaemonSet: workloadReferences,
    Deployment: workloadReferences,
    ReplicaSet: workloadReferences,
    StatefulSet: statefulSetReferences,
  },
  autoscaling: { HorizontalPodAutoscaler: scalerReferences },
  batch: { CronJob: workloadReferences, Job: workloadReferences },
  "gateway.networking.k8s.io": {
    GRPCRoute: routeReferences,
    Gateway: gatewayReferences,
    HTTPRoute: routeReferences,
    TCPRoute: routeReferences,
    TLSRoute: routeReferences,
    UDPRoute: routeReferences,
  },
  "networking.k8s.io": { Ingress: ingressReferences },
  "rbac.authorization.k8s.io": { ClusterRoleBinding: bindingReferences, RoleBinding: bindingReferences },
  "snapshot.storage.k8s.io": { VolumeSnapshot: snapshotReferences, VolumeSnapshotContent: snapshotContentReferences },
};

/** One target may come several times, for several reasons. Whether it is there is not asked. */
export function referencesOf(object: JsonObject): Iterable<Reference> {
  const { group, kind, namespace } = idOfObject(object);
  const readers = Object.hasOwn(READERS, group) ? READERS[group] : undefined;
  const read = readers !== undefined && Object.hasOwn(readers, kind) ? readers[kind] : undefined;
  return read === undefined ? [] : read(object, namespace);
}
