/** What a part does to the cluster before and after it measures. */
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { DomainError } from "../../src/base/errors.ts";
import { listPages } from "../../src/kube/list.ts";
import { createObject, deleteObject, getObject } from "../../src/kube/objects.ts";
import { type Cost, measure } from "../measure.ts";
import type { Site } from "./site.ts";

const PROGRAM = join(import.meta.dirname, "plain-creates.ts");
const NAMESPACES = { group: "", version: "v1", plural: "namespaces" } as const;
const KINDS = [
  { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap" },
  { group: "", version: "v1", plural: "secrets", kind: "Secret" },
] as const;
const LABEL = "app.kubernetes.io/name=bench";
const POLL_MS = 200;

/** Makes the namespace, and in it so many ConfigMaps and Secrets. @returns what the creates cost */
export async function fill({ api, kubeconfig, folder, signal }: Site, namespace: string, objects: number): Promise<Cost> {
  const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await createObject(api, NAMESPACES, object, { fieldManager: "holdfast-bench", signal });
  const environment = { PATH: process.env["PATH"] ?? "" };
  const command = [process.execPath, PROGRAM, kubeconfig, namespace, String(objects)] as const;
  return measure(command, { environment, report: join(folder, "cost"), signal });
}

/** Removes the namespace, and waits until it is gone. */
export async function empty({ api, signal }: Site, namespace: string): Promise<void> {
  await deleteObject(api, NAMESPACES, { name: namespace }, { propagation: "Background", signal });
  while (await exists({ api, signal }, namespace)) await systemClock.sleep(POLL_MS, signal);
}

/** @throws {DomainError} internal/benchmark_failed: there are not so many */
export async function requireFull({ api, signal }: Site, namespace: string, objects: number): Promise<void> {
  let found = 0;
  for (const kind of KINDS) {
    const pages = listPages(api, kind, { namespace, labelSelector: LABEL, isMetadataOnly: true, signal });
    for await (const { items } of pages) found += items.length;
  }
  if (found === objects) return;
  throw new DomainError("internal", "benchmark_failed", `Cannot trust the figures: ${found} of ${objects} objects are there`);
}

async function exists({ api, signal }: Pick<Site, "api" | "signal">, name: string): Promise<boolean> {
  try {
    await getObject(api, NAMESPACES, { name }, { signal });
    return true;
  } catch (error) {
    if (error instanceof DomainError && error.kind === "not-found") return false;
    throw error;
  }
}
