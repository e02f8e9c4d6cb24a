import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { DomainError } from "../../src/base/errors.ts";
import { run } from "../host/run.ts";
import { apiUrl, kubectlPath } from "./kubeconfig.ts";
import { pkiDir } from "./pki.ts";
import type { ClusterSpec } from "./spec.ts";

const ANSWER_TIMEOUT_MS = 2_000;

/** Gets a path from the API server as an administrator; undefined for as long as it gives anything but 200. */
export async function get(spec: ClusterSpec, path: string): Promise<string | undefined> {
  const read = (file: string): Promise<Buffer> => readFile(join(pkiDir(spec.name), file));
  const [ca, cert, key] = await Promise.all([read("ca.crt"), read("admin.crt"), read("admin.key")]);
  return new Promise((resolve) => {
    const options = { ca, cert, key, agent: false, timeout: ANSWER_TIMEOUT_MS };
    const sent = request(`${apiUrl(spec)}${path}`, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve(response.statusCode === 200 ? text : undefined));
      response.on("error", () => resolve(undefined));
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve(undefined));
    sent.end();
  });
}

interface ObjectList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec?: { readonly drivers?: readonly { readonly name: string }[] };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

export async function list(spec: ClusterSpec, path: string): Promise<ObjectList["items"]> {
  const text = await get(spec, path);
  return text === undefined ? [] : (JSON.parse(text) as ObjectList).items;
}

/** Creates or updates objects from manifest files, and from objects given as values. */
export async function apply(spec: ClusterSpec, files: readonly string[], objects: readonly object[], signal?: AbortSignal): Promise<void> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  const flags = ["--server-side", "--force-conflicts", "--validate=false", "--filename=-", ...files.map((file) => `--filename=${file}`)];
  try {
    await run(kubectlPath(spec.name), ["apply", ...flags], { input, signal });
  } catch (error) {
    throw new DomainError("internal", "addons_failed", `Cannot set up cluster "${spec.name}": kubectl apply failed`, { cause: error });
  }
}

/** Waits until the API server serves what these CRDs define. */
export async function establish(spec: ClusterSpec, files: readonly string[], signal?: AbortSignal): Promise<void> {
  const flags = ["--for=condition=Established", "--timeout=30s", ...files.map((file) => `--filename=${file}`)];
  await run(kubectlPath(spec.name), ["wait", ...flags], { signal });
}
