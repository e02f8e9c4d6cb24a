/** One kubeconfig file: its clusters, users and contexts by name, each still to be read when it is the chosen one. */
import { Fields } from "../../base/fields.ts";
import { readYamlFields } from "../../base/yaml-fields.ts";

export interface KubeconfigFile {
  readonly path: string;
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, Fields>;
  readonly contexts: ReadonlyMap<string, Fields>;
  readonly users: ReadonlyMap<string, Fields>;
}

/**
 * @returns undefined if there is no such file
 * @throws {DomainError} usage/kubeconfig: it cannot be read, is not YAML, or does not have the form of a kubeconfig
 */
export async function readKubeconfigFile(path: string, signal?: AbortSignal): Promise<KubeconfigFile | undefined> {
  const fields = await readYamlFields({ file: path, what: "kubeconfig", code: "kubeconfig" }, signal);
  if (fields === undefined) return undefined;
  return {
    path,
    currentContext: fields.text("current-context"),
    clusters: named(fields, "clusters", "cluster"),
    contexts: named(fields, "contexts", "context"),
    users: named(fields, "users", "user"),
  };
}

/** Of several with one name the first counts. */
function named(fields: Fields, list: string, kind: string): ReadonlyMap<string, Fields> {
  const entries = new Map<string, Fields>();
  for (const entry of fields.mappings(list)) {
    const name = entry.requiredText("name");
    const content = entry.mapping(kind) ?? Fields.of(fields.source, kind, {});
    if (!entries.has(name)) entries.set(name, content);
  }
  return entries;
}
