/** Pods that nobody owns: everything that a scheduler, a kubelet or admission gave them goes. */
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../../kube/json.ts";
import type { Care } from "../care.ts";
import { at, changeIn, without, withoutEntries } from "../edit.ts";
import { isFieldOwned } from "../field-owners.ts";
import { leftOut } from "../prepared.ts";

/** Addresses and interfaces that network plug-ins note on the pod that has them. */
const NETWORK_ANNOTATIONS: ReadonlySet<string> = new Set([
  "cni.projectcalico.org/containerID",
  "cni.projectcalico.org/podIP",
  "cni.projectcalico.org/podIPs",
  "k8s.ovn.org/pod-networks",
  "k8s.v1.cni.cncf.io/network-status",
  "k8s.v1.cni.cncf.io/networks-status",
]);

/** Of the node, unless somebody gave them to the pod. */
const PLACE_LABELS: ReadonlySet<string> = new Set(["topology.kubernetes.io/region", "topology.kubernetes.io/zone"]);

/** Numbers are computed from the class again; ephemeral containers cannot be asked for. */
const GIVEN = ["nodeName", "priority", "preemptionPolicy", "ephemeralContainers"];

export const pod: Care = {
  leaveOut({ object }) {
    const annotations = objectIn(objectIn(object, "metadata"), "annotations");
    if ("kubernetes.io/config.mirror" in annotations) return leftOut("cluster_made", "it mirrors a file on a node");
    const phase = textIn(objectIn(object, "status"), "phase");
    return phase === "Succeeded" || phase === "Failed" ? leftOut("finished", `it has ended: ${phase}`) : undefined;
  },
  clean(object, captured) {
    const tokens = tokenVolumes(objectIn(object, "spec"));
    const isToken = (value: JsonValue): boolean => tokens.has(textIn(value, "name") ?? "");
    let cleaned = changeIn(object, ["spec"], (spec) => (isJsonObject(spec) ? without(spec, GIVEN) : spec));
    cleaned = changeIn(cleaned, at("spec.volumes[]"), (volume) => (isToken(volume) ? undefined : volume));
    for (const containers of ["containers", "initContainers"]) {
      cleaned = changeIn(cleaned, at(`spec.${containers}[].volumeMounts[]`), (mount) => (isToken(mount) ? undefined : mount));
    }
    const isGiven = (label: string): boolean =>
      PLACE_LABELS.has(label) && !isFieldOwned(captured.object, ["f:metadata", "f:labels", `f:${label}`]);
    cleaned = withoutEntries(cleaned, at("metadata.labels"), isGiven);
    return withoutEntries(cleaned, at("metadata.annotations"), (name) => NETWORK_ANNOTATIONS.has(name));
  },
};

/** Admission mounts them into every pod again. */
function tokenVolumes(spec: JsonObject): ReadonlySet<string> {
  const account = textIn(spec, "serviceAccountName") ?? "default";
  const names = listIn(spec, "volumes").flatMap((volume) => {
    const name = textIn(volume, "name") ?? "";
    const isProjected = name.startsWith("kube-api-access-") && listIn(objectIn(volume, "projected"), "sources").length > 0;
    const isSecret = name.startsWith(`${account}-token-`) && textIn(objectIn(volume, "secret"), "secretName") === name;
    return isProjected || isSecret ? [name] : [];
  });
  return new Set(names);
}
