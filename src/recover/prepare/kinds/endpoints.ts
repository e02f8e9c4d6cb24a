/** Endpoints and endpoint slices: a controller makes those of services with a selector; those made by hand lead out of the cluster. */
import { isJsonObject, type JsonValue, objectIn, textIn } from "../../../kube/json.ts";
import type { Care } from "../care.ts";
import { at, changeIn, without } from "../edit.ts";
import { type LeftOut, leftOut } from "../prepared.ts";

const SLICE_MANAGER = "endpointslice.kubernetes.io/managed-by";
const ENDPOINTS_MANAGER = "endpoints.kubernetes.io/managed-by";
const SERVICE_NAME = "kubernetes.io/service-name";
/** Of servers before 1.34, which did not label them. */
const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";
const LEADER = "control-plane.alpha.kubernetes.io/leader";

export const endpoints: Care = {
  leaveOut({ object, namespace, name }) {
    const metadata = objectIn(object, "metadata");
    const annotations = objectIn(metadata, "annotations");
    if (LEADER in annotations) return leftOut("runtime", "it says who leads at the moment");
    if (namespace === "default" && name === "kubernetes") return leftOut("cluster_made", "it leads to the API server of its cluster");
    return ENDPOINTS_MANAGER in objectIn(metadata, "labels") || TRIGGER_TIME in annotations ? ofService(name) : undefined;
  },
  clean: (object) => changeIn(object, at("subsets[].addresses[]"), withoutPod),
};

export const endpointSlice: Care = {
  leaveOut({ object, namespace, name }) {
    const labels = objectIn(objectIn(object, "metadata"), "labels");
    const service = textIn(labels, SERVICE_NAME) ?? name;
    if (namespace === "default" && service === "kubernetes") return leftOut("cluster_made", "it leads to the API server of its cluster");
    return (textIn(labels, SLICE_MANAGER) ?? "").endsWith(".k8s.io") ? ofService(service) : undefined;
  },
  clean: (object) => changeIn(object, at("endpoints[]"), withoutPod),
  rename: (object, { namespace }, target) =>
    changeIn(object, ["metadata", "labels", SERVICE_NAME], (name) =>
      typeof name === "string" ? target.name({ group: "", kind: "Service", namespace, name }) : name,
    ),
};

function ofService(service: string): LeftOut {
  return leftOut("child", `it is made anew for service "${service}"`);
}

function withoutPod(endpoint: JsonValue): JsonValue {
  return isJsonObject(endpoint) ? without(endpoint, ["targetRef", "nodeName"]) : endpoint;
}
