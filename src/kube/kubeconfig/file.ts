/** One kubeconfig file: its clusters, users and contexts by name, each still to be read when it is the chosen one. */
import { readFile } from "node:fs/promises";
import { load, YAMLException } from "js-yaml";
import { Fields, refusal } from "./fields.ts";

export interface KubeconfigFile {
  readonly path: string;
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, Fields>;
  readonly contexts: ReadonlyMap<string, Fields>;
  readonly users: ReadonlyMap<string, Fields>;
}

const MAX_BYTES = 16 * 1024 ** 2;

/** @returns undefined if there is no such file */
export async function readKubeconfigFile(path: string, signal?: AbortSignal): Promise<KubeconfigFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, { encoding: "utf8", signal });
  } catch (error) {
    signal?.throwIfAborted();
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    if (code === "ENOENT") return undefined;
    throw refusal(path, `it cannot be read (${code})`);
  }
  return parseKubeconfig(path, text);
}

/** @throws {DomainError} usage/kubeconfig: it is not YAML, or does not have the form of a kubeconfig */
export function parseKubeconfig(path: string, text: string): KubeconfigFile {
  if (text.length > MAX_BYTES) throw refusal(path, `it is longer than ${MAX_BYTES} bytes`);
  const fields = Fields.of(path, "", parseYaml(path, text));
  return {
    path,
    currentContext: fields.text("current-context"),
    clusters: named(fields, "clusters", "cluster"),
    contexts: named(fields, "contexts", "context"),
    users: named(fields, "users", "user"),
  };
}

function parseYaml(path: string, text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return load(text, { maxAliases: 0 }) ?? {};
  } catch (error) {
    // What the parser says quotes the file, secrets included: the place has to do.
    const mark = error instanceof YAMLException ? error.mark : undefined;
    throw refusal(path, mark === undefined ? "it is not YAML" : `it is not YAML (line ${mark.line + 1}, column ${mark.column + 1})`);
  }
}

/** Of several with one name the first counts. */
function named(fields: Fields, list: string, kind: string): ReadonlyMap<string, Fields> {
  const entries = new Map<string, Fields>();
  for (const entry of fields.mappings(list)) {
    const name = entry.requiredText("name");
    const content = entry.mapping(kind) ?? Fields.of(fields.file, kind, {});
    if (!entries.has(name)) entries.set(name, content);
  }
  return entries;
}
