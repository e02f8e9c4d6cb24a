/**
 * Finds out which cluster is meant and how to reach it, as kubectl does: the files of KUBECONFIG put together, or the one in the
 * home folder, or else the pod that this runs in.
 *
 * Of several files the first counts for every name, and for the current context. Source: Kubernetes, "Organizing Cluster Access
 * Using kubeconfig Files".
 */
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { DomainError } from "../../base/errors.ts";
import type { ClusterAccess, Environment } from "../access.ts";
import { readCluster } from "./cluster.ts";
import type { Fields } from "../../base/fields.ts";
import { type KubeconfigFile, readKubeconfigFile } from "./file.ts";
import { readInCluster, SERVICE_ACCOUNT_FOLDER } from "./in-cluster.ts";
import { readImpersonation, readUser } from "./user.ts";

export interface AccessOptions {
  readonly environment: Environment;
  /** Only this kubeconfig, wherever else there are some. */
  readonly file?: string | undefined;
  /** Instead of the current one. */
  readonly context?: string | undefined;
  /** Where the home folder is. */
  readonly home?: string | undefined;
  /** Where a pod has its service account. */
  readonly serviceAccountFolder?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Kind = "cluster" | "context" | "user";

/**
 * @throws {DomainError} usage/kubeconfig_missing: there is no kubeconfig, and this is no pod
 * @throws {DomainError} usage/kubeconfig: a file or a field cannot be used
 * @throws {DomainError} not-found/context_not_found: there is no context of that name, or none was chosen
 */
export async function loadAccess(options: AccessOptions): Promise<ClusterAccess> {
  const { environment, file: only, signal, home = homedir() } = options;
  const listed = only === undefined ? (environment["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "") : [only];
  const paths = listed.length > 0 ? listed : [join(home, ".kube", "config")];
  const read = await Promise.all(paths.map((path) => readKubeconfigFile(path, signal)));
  const files = read.filter((file) => file !== undefined);
  const isEmpty = files.every(({ clusters, contexts, users }) => clusters.size + contexts.size + users.size === 0);
  if (!isEmpty) return readContext(files, options);
  if (only !== undefined) throw new DomainError("usage", "kubeconfig_missing", `Cannot find a cluster: there is nothing in "${only}"`);
  const folder = options.serviceAccountFolder ?? SERVICE_ACCOUNT_FOLDER;
  const inCluster = options.context === undefined ? await readInCluster(environment, folder, signal) : undefined;
  if (inCluster !== undefined) return inCluster;
  const looked = paths.map((path) => `"${path}"`).join(", ");
  throw new DomainError("usage", "kubeconfig_missing", `Cannot find a cluster: there is nothing in ${looked}, and this is no pod`, {
    hint: "Set KUBECONFIG to the path of a kubeconfig",
  });
}

async function readContext(files: readonly KubeconfigFile[], { context, signal }: AccessOptions): Promise<ClusterAccess> {
  const name = context ?? files.map(({ currentContext }) => currentContext).find((current) => current !== undefined);
  if (name === undefined) {
    throw new DomainError("not-found", "context_not_found", "Cannot choose a cluster: the kubeconfig has no current context", {
      hint: contextsHint(files),
    });
  }
  const chosen = find(files, "context", name);
  if (chosen === undefined) {
    const message = `Cannot use context "${name}": there is none of that name in ${files.map(({ path }) => `"${path}"`).join(", ")}`;
    throw new DomainError("not-found", "context_not_found", message, { hint: contextsHint(files) });
  }
  const clusterName = chosen.requiredText("cluster");
  const cluster = await readCluster(named(files, chosen, "cluster", clusterName), signal);
  const userName = chosen.text("user");
  const userFields = userName === undefined ? undefined : named(files, chosen, "user", userName);
  return {
    origin: `context "${name}"`,
    server: cluster.server,
    trust: cluster.trust,
    proxy: cluster.proxy,
    user: userFields === undefined ? {} : await readUser(userFields, cluster.forPlugin, signal),
    impersonation: userFields === undefined ? undefined : readImpersonation(userFields),
    clusterName,
    namespace: chosen.text("namespace") ?? "default",
  };
}

function named(files: readonly KubeconfigFile[], context: Fields, kind: "cluster" | "user", name: string): Fields {
  const found = find(files, kind, name);
  if (found === undefined) throw context.refusal(kind, `names "${name}", which is not there`);
  return found;
}

function find(files: readonly KubeconfigFile[], kind: Kind, name: string): Fields | undefined {
  return files.map((file) => file[`${kind}s`].get(name)).find((entry) => entry !== undefined);
}

function contextsHint(files: readonly KubeconfigFile[]): string {
  const names = [...new Set(files.flatMap(({ contexts }) => [...contexts.keys()]))];
  return names.length === 0 ? "It has no contexts" : `There are ${names.map((name) => `"${name}"`).join(", ")}`;
}
