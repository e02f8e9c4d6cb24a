/** A cluster of a benchmark's own, and a client of it. */
import { down } from "../dev/cluster/down.ts";
import { identify } from "../dev/cluster/process-identity.ts";
import { up } from "../dev/cluster/up.ts";
import { systemClock } from "../src/base/clock.ts";
import { KubeApi } from "../src/kube/kube-api.ts";
import { loadAccess } from "../src/kube/kubeconfig/load.ts";

export interface BenchCluster extends AsyncDisposable {
  readonly name: string;
  readonly kubeconfig: string;
  readonly api: KubeApi;
}

export async function openCluster(options: { readonly controlPlaneOnly: boolean }, signal: AbortSignal): Promise<BenchCluster> {
  await using owned = new AsyncDisposableStack();
  const name = `bench-${process.pid.toString(36)}`;
  const kubeconfig = await up({ name, nodes: 1, version: "1.36", owner: await identify(process.pid), ...options }, signal);
  owned.defer(async () => down(name));
  const access = await loadAccess({ environment: {}, file: kubeconfig, signal });
  const api = owned.use(new KubeApi(access, { clock: systemClock, environment: {}, userAgent: "holdfast-bench" }));
  const opened = owned.move();
  return { name, kubeconfig, api, [Symbol.asyncDispose]: async () => opened.disposeAsync() };
}
