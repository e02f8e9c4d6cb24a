/** What Kubernetes puts into every pod: the address of the API server, and a service account's token. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DomainError } from "../../base/errors.ts";
import type { ClusterAccess, Environment } from "../access.ts";

export const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * @returns undefined if this is no pod
 * @throws {DomainError} usage/service_account: it is one, but has no service account
 */
export async function readInCluster(environment: Environment, folder: string, signal?: AbortSignal): Promise<ClusterAccess | undefined> {
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "" } = environment;
  if (host === "" || port === "") return undefined;
  const [ca, namespace] = [await readPart(folder, "ca.crt", signal), await readPart(folder, "namespace", signal)];
  await readPart(folder, "token", signal);
  return {
    origin: "the service account of this pod",
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    trust: { ca, serverName: undefined, isInsecure: false },
    proxy: undefined,
    user: { tokenFile: join(folder, "token") },
    impersonation: undefined,
    clusterName: undefined,
    namespace: namespace.trim(),
  };
}

async function readPart(folder: string, name: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await readFile(join(folder, name), { encoding: "utf8", signal });
  } catch (error) {
    signal?.throwIfAborted();
    const state = `"${join(folder, name)}" cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`;
    throw new DomainError("usage", "service_account", `Cannot use the service account of this pod: ${state}`, {
      hint: "Set automountServiceAccountToken of the pod to true",
    });
  }
}
