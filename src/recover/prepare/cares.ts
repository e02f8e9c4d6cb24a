/** Which kinds need care of their own. */
import { nameOf, type ResourcePath } from "../../kube/resource-type.ts";
import type { Care } from "./care.ts";
import { apiService } from "./kinds/api-service.ts";
import { claim } from "./kinds/claim.ts";
import { flowControl, priorityClass, sharedClass, storageClass } from "./kinds/classes.ts";
import { definition } from "./kinds/definition.ts";
import { endpoints, endpointSlice } from "./kinds/endpoints.ts";
import { job } from "./kinds/job.ts";
import { namespace } from "./kinds/namespace.ts";
import { pod } from "./kinds/pod.ts";
import { quota } from "./kinds/quota.ts";
import { clusterRoleBinding, role, roleBinding } from "./kinds/roles.ts";
import { configMap, secret } from "./kinds/secret.ts";
import { serviceAccount } from "./kinds/service-account.ts";
import { service } from "./kinds/service.ts";
import { volume, volumeSnapshot } from "./kinds/volume.ts";
import { autoscaler, workload } from "./kinds/workload.ts";

/** By `plural.group`. */
const CARES: Readonly<Record<string, Care>> = {
  "apiservices.apiregistration.k8s.io": apiService,
  "clusterrolebindings.rbac.authorization.k8s.io": clusterRoleBinding,
  "clusterroles.rbac.authorization.k8s.io": role,
  configmaps: configMap,
  "customresourcedefinitions.apiextensions.k8s.io": definition,
  "daemonsets.apps": workload,
  "deployments.apps": workload,
  endpoints,
  "endpointslices.discovery.k8s.io": endpointSlice,
  "flowschemas.flowcontrol.apiserver.k8s.io": flowControl,
  "horizontalpodautoscalers.autoscaling": autoscaler,
  "ingressclasses.networking.k8s.io": sharedClass,
  "jobs.batch": job,
  namespaces: namespace,
  persistentvolumeclaims: claim,
  persistentvolumes: volume,
  pods: pod,
  "priorityclasses.scheduling.k8s.io": priorityClass,
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": flowControl,
  resourcequotas: quota,
  "rolebindings.rbac.authorization.k8s.io": roleBinding,
  "roles.rbac.authorization.k8s.io": role,
  secrets: secret,
  serviceaccounts: serviceAccount,
  services: service,
  "storageclasses.storage.k8s.io": storageClass,
  "volumegroupsnapshotcontents.groupsnapshot.storage.k8s.io": volumeSnapshot,
  "volumegroupsnapshots.groupsnapshot.storage.k8s.io": volumeSnapshot,
  "volumesnapshotclasses.snapshot.storage.k8s.io": sharedClass,
  "volumesnapshotcontents.snapshot.storage.k8s.io": volumeSnapshot,
  "volumesnapshots.snapshot.storage.k8s.io": volumeSnapshot,
};

const NONE: Care = {};

export function careOf(resource: ResourcePath): Care {
  return CARES[nameOf(resource)] ?? NONE;
}
