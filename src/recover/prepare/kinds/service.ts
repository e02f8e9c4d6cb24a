/** Services: addresses and ports that the source's server chose are chosen anew, those that people chose are kept. */
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../../kube/json.ts";
import type { PointObject } from "../../../point/point-object.ts";
import type { Care } from "../care.ts";
import { at, changeIn, without } from "../edit.ts";
import { isFieldOwned } from "../field-owners.ts";
import { lastAppliedIn } from "../last-applied.ts";
import { leftOut } from "../prepared.ts";
import type { Target } from "../target.ts";

export const service: Care = {
  leaveOut: ({ namespace, name }) =>
    namespace === "default" && name === "kubernetes" ? leftOut("cluster_made", "it leads to the API server of its cluster") : undefined,
  clean(object, captured, target) {
    const spec = objectIn(object, "spec");
    const isBeside = isBesideOriginal(captured, target);
    // An address that somebody chose, as that of a DNS server, may be in no range of another cluster.
    const isAddressKept =
      textIn(spec, "clusterIP") === "None" || (target.isSameCluster && !isBeside && isChosen(captured.object, "clusterIP"));
    const areFamiliesGiven = textIn(spec, "ipFamilyPolicy") === "SingleStack" && !isFieldOwned(captured.object, ["f:spec", "f:ipFamilies"]);
    const given = [
      ...(isAddressKept ? [] : ["clusterIP", "clusterIPs"]),
      ...(isBeside || !isChosen(captured.object, "healthCheckNodePort") ? ["healthCheckNodePort"] : []),
      ...(areFamiliesGiven ? ["ipFamilies"] : []),
    ];
    const cleaned = changeIn(object, ["spec"], (value) => (isJsonObject(value) ? without(value, given) : value));
    return changeIn(cleaned, at("spec.ports[]"), (port) =>
      isJsonObject(port) && (isBeside || !isNodePortChosen(captured.object, port)) ? without(port, ["nodePort"]) : port,
    );
  },
};

/** A cluster has each port of its nodes and each address once, and the original may be there still. */
function isBesideOriginal({ namespace = "", name }: PointObject, target: Target): boolean {
  const id = { group: "", kind: "Service", namespace, name };
  return target.isSameCluster && (target.namespace(namespace) !== namespace || target.name(id) !== name);
}

function isNodePortChosen(captured: JsonObject, port: JsonObject): boolean {
  const { protocol = "TCP" } = port;
  const number = port["port"] ?? null;
  const isApplied = (applied: JsonValue): boolean =>
    isJsonObject(applied) &&
    applied["port"] === number &&
    (applied["protocol"] ?? "TCP") === protocol &&
    applied["nodePort"] !== undefined &&
    applied["nodePort"] === port["nodePort"];
  return (
    isFieldOwned(captured, ["f:spec", "f:ports", `k:${JSON.stringify({ port: number, protocol })}`, "f:nodePort"]) ||
    listIn(objectIn(lastAppliedIn(captured), "spec"), "ports").some(isApplied)
  );
}

function isChosen(captured: JsonObject, field: string): boolean {
  return isFieldOwned(captured, ["f:spec", `f:${field}`]) || field in objectIn(lastAppliedIn(captured), "spec");
}
