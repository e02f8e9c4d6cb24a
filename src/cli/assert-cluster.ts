/** Runs are undone where they were: volumes of one cluster mean nothing in another. */
import { DomainError } from "../base/errors.ts";
import { identifyCluster } from "../capture/cluster-identity.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import type { RecordedHeader } from "../run/records.ts";
import type { LocationRun } from "./location-run.ts";

/** @throws {DomainError} usage/run_cluster */
export async function assertSameCluster({ context }: LocationRun, api: KubeApi, { id, cluster }: RecordedHeader): Promise<void> {
  const here = await identifyCluster(api, context.signal);
  if (here.id === cluster) return;
  throw new DomainError("usage", "run_cluster", `Cannot change what run ${id} did: it was in another cluster`, {
    hint: "Choose that one with --kubeconfig or --context",
  });
}
