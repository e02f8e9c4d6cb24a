/** An application with volumes to be captured and restored: with a namespace of Holdfast's own for each test. */
import type { TestContext } from "node:test";
import type { JsonObject } from "../../src/kube/json.ts";
import { type Cli, openCli } from "./cli.ts";
import { environment } from "./environment.ts";
import { makeLocation, succeeded, type TestLocation } from "./location.ts";
import { IDLE, podSpec, type PodOptions } from "./manifests.ts";
import type { TestCluster } from "./test-cluster.ts";

export interface VolumeWorld {
  readonly cluster: TestCluster;
  readonly cli: Cli;
  readonly location: TestLocation;
  /** The environment of `cli`, for a program that is started otherwise. */
  readonly variables: Readonly<Record<string, string>>;
  readonly namespace: string;
  /** Of Holdfast. */
  readonly holdfast: string;
  readonly shell: string;
  /** The name of another namespace, which goes with the test. */
  readonly other: (suffix: string) => string;
  /** Runs a line in a pod of a workload. */
  readonly sh: (namespace: string, pod: string, line: string) => Promise<string>;
}

export async function volumeWorld(t: TestContext, from?: TestCluster): Promise<VolumeWorld> {
  const cluster = from ?? (await environment(t).cluster());
  const [shell] = await Promise.all([cluster.image("shell"), cluster.image("holdfast")]);
  const location = await makeLocation(t);
  const { namespace, kubeconfig } = cluster;
  const other = (suffix: string): string => {
    const name = `${namespace}-${suffix}`;
    // A cluster of the test's own goes as a whole.
    if (from === undefined) t.after(() => cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found"));
    return name;
  };
  const holdfast = other("hf");
  const variables = { ...location.variables, KUBECONFIG: kubeconfig, HOLDFAST_NAMESPACE: holdfast };
  return {
    cluster,
    cli: await openCli(t, variables),
    location,
    variables,
    namespace,
    holdfast,
    shell,
    other,
    sh: async (place, pod, line) => cluster.kubectl("exec", `--namespace=${place}`, pod, "--", "sh", "-c", line),
  };
}

/** A Deployment of pods that wait to be told what to do. */
export function idle(name: string, options: Omit<PodOptions, "command">, replicas = 1): object {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: podSpec({ ...options, command: IDLE }) };
  const spec = { replicas, strategy: { type: "Recreate" }, selector: { matchLabels: labels }, template };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name }, spec };
}

export interface RestoredVolumes {
  readonly created: number;
  readonly failed: number;
  readonly notReady: number;
  readonly notFilled: number;
  readonly volumes: readonly { readonly namespace: string; readonly claim: string; readonly from: string; readonly bytes?: number }[];
  readonly findings: readonly { readonly code: string; readonly object: string; readonly message: string }[];
}

export async function restoredVolumes({ cli }: Pick<VolumeWorld, "cli">, ...args: readonly string[]): Promise<RestoredVolumes> {
  return succeeded(await cli.run("restore", ...args, "-o", "json")).json() as RestoredVolumes;
}

/** In the namespace: what is there of a kind, as it is. */
export async function objectsIn(cluster: TestCluster, namespace: string, kind: string): Promise<readonly JsonObject[]> {
  const text = await cluster.kubectl("get", kind, `--namespace=${namespace}`, "--output=json");
  return (JSON.parse(text) as { items: readonly JsonObject[] }).items;
}

/** Names, kinds, owners, times and content of all files below a folder. */
export function listing(folder: string): string {
  return `cd ${folder} && find . ! -name lost+found | sort | xargs stat -c '%n %F %a %u:%g %s %Y' && find . -type f | sort | xargs sha256sum`;
}
