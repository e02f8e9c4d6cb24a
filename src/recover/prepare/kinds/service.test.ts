import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, listIn, objectIn } from "../../../kube/json.ts";
import { targetOf } from "../target.ts";
import { captured, pointObject, prepared } from "../testing/captured.ts";

const HERE = targetOf({ isSameCluster: true });
const NAMESPACES = new Map([["prepare-shop", "store"]]);

function spec(key: string, target: ReturnType<typeof targetOf> = HERE): JsonObject {
  return objectIn(prepared(key, target).object, "spec");
}

test("A service gets new addresses, unless it has none", () => {
  const web = spec("Service/web");
  assert.ok(!("clusterIP" in web) && !("clusterIPs" in web) && !("ipFamilies" in web));
  const headless = spec("Service/db");
  assert.deepEqual([headless["clusterIP"], headless["clusterIPs"]], ["None", ["None"]]);
});

test("A service keeps an address that somebody chose in the cluster that has it, unless the original has it", () => {
  const { object } = captured("Service/web");
  const fields = { manager: "somebody", operation: "Update", fieldsV1: { "f:spec": { "f:clusterIP": {} } } };
  const metadata = objectIn(object, "metadata");
  const chosen = pointObject({ ...object, metadata: { ...metadata, managedFields: [...listIn(metadata, "managedFields"), fields] } });
  const address = (target: ReturnType<typeof targetOf>): unknown => objectIn(prepared(chosen, target).object, "spec")["clusterIP"];
  assert.equal(address(HERE), objectIn(object, "spec")["clusterIP"]);
  assert.equal(address(targetOf({ isSameCluster: false })), undefined);
  assert.equal(address(targetOf({ isSameCluster: true, namespaces: NAMESPACES })), undefined);
});

test("A service keeps the node port that somebody chose, and not the one that the server chose", () => {
  const [chosen, given] = listIn(spec("Service/web"), "ports");
  assert.deepEqual(chosen, { name: "http", nodePort: 31_742, port: 80, protocol: "TCP", targetPort: 8080 });
  assert.deepEqual(given, { name: "admin", port: 81, protocol: "TCP", targetPort: 8081 });
});

test("A service that stands beside its original leaves it its node port", () => {
  const beside = listIn(spec("Service/web", targetOf({ isSameCluster: true, namespaces: NAMESPACES })), "ports");
  assert.ok(beside.every((port) => !Object.hasOwn(port as JsonObject, "nodePort")));
  const elsewhere = listIn(spec("Service/web", targetOf({ isSameCluster: false, namespaces: NAMESPACES })), "ports");
  assert.equal((elsewhere[0] as JsonObject)["nodePort"], 31_742);
});

test("A load balancer gets another port for questions after its health", () => {
  assert.ok(!("healthCheckNodePort" in spec("Service/lb")));
  assert.equal(spec("Service/lb")["externalTrafficPolicy"], "Local");
});
