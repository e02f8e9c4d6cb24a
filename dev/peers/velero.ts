/** Velero 1.18.3 with its plug-in for S3, built from their Go modules: a peer to measure against, needed by the benchmarks only. */
import { join } from "node:path";
import { goBuild } from "../host/go-build.ts";

export const VELERO_VERSION = "1.18.3 with velero-plugin-for-aws 1.14.3";

export interface VeleroPrograms {
  readonly velero: string;
  /** Holds nothing else: Velero takes every program in it for a plug-in. */
  readonly pluginFolder: string;
}

/** Builds both into the cache. */
export async function veleroPrograms(signal?: AbortSignal): Promise<VeleroPrograms> {
  const folder = await goBuild({
    name: "velero",
    moduleDir: join(import.meta.dirname, "velero"),
    packages: {
      velero: "github.com/vmware-tanzu/velero/cmd/velero",
      "plugins/velero-plugin-for-aws": "github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws",
    },
    signal,
  });
  return { velero: join(folder, "velero"), pluginFolder: join(folder, "plugins") };
}
