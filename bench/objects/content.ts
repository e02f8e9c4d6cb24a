/** The objects that are measured with: ConfigMaps and Secrets in turn, about 1 KB each, the same each time. */
import { createHash } from "node:crypto";
import type { JsonObject } from "../../src/kube/json.ts";

export interface Content {
  readonly plural: "configmaps" | "secrets";
  readonly object: JsonObject;
}

/** Keys of 64 characters each, as many as make 1 KB with what the server adds. */
const KEYS = 8;

export function contentOf(number: number): Content {
  const isSecret = number % 2 === 1;
  const metadata = { name: `object-${String(number).padStart(6, "0")}`, labels: { "app.kubernetes.io/name": "bench" } };
  const data: Record<string, string> = {};
  for (let key = 0; key < KEYS; key++) {
    const value = createHash("sha256").update(`${number} ${key}`).digest("hex");
    data[`key-${key}`] = isSecret ? btoa(value) : value;
  }
  return isSecret
    ? { plural: "secrets", object: { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data } }
    : { plural: "configmaps", object: { apiVersion: "v1", kind: "ConfigMap", metadata, data } };
}
