/** A namespace to be captured and restored, and the program as a person uses it. */
import type { TestContext } from "node:test";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import type { Cli } from "./cli.ts";
import { environment } from "./environment.ts";
import { openKube } from "./kube.ts";
import { makeLocation, openCliOn, succeeded } from "./location.ts";
import type { TestCluster } from "./test-cluster.ts";

export interface RestoreWorld {
  readonly cluster: TestCluster;
  readonly api: KubeApi;
  readonly cli: Cli;
  readonly namespace: string;
  /** Deletes it, and waits until it is gone. */
  readonly destroy: () => Promise<void>;
  /** The name of another namespace, which goes with the test. */
  readonly other: (suffix: string) => string;
}

export async function restoreWorld(t: TestContext, objects: (cluster: TestCluster) => Promise<readonly object[]>): Promise<RestoreWorld> {
  const cluster = await environment(t).cluster();
  // Of movers, for whoever has claims.
  await cluster.image("holdfast");
  await cluster.apply(...(await objects(cluster)));
  const location = await makeLocation(t);
  const { namespace } = cluster;
  return {
    cluster,
    api: await openKube(t, cluster.kubeconfig),
    cli: await openCliOn(t, location, cluster.kubeconfig),
    namespace,
    destroy: async () => void (await cluster.kubectl("delete", "namespace", namespace, "--wait", "--timeout=120s")),
    other: (suffix) => {
      const name = `${namespace}-${suffix}`;
      t.after(() => cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found"));
      return name;
    },
  };
}

export interface Restored {
  readonly created: number;
  readonly updated: number;
  readonly replaced: number;
  readonly failed: number;
  readonly notReady: number;
  readonly findings: readonly { readonly code: string; readonly object: string; readonly message: string }[];
}

export async function restored({ cli }: RestoreWorld, ...args: readonly string[]): Promise<Restored> {
  return succeeded(await cli.run("restore", ...args, "-o", "json")).json() as Restored;
}
