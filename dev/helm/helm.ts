/** Helm 4.3.1, built from its Go module: it installs what tests find, and upgrades what they have restored. */
import { join } from "node:path";
import { goBuild } from "../host/go-build.ts";

/** Builds Helm into the cache and returns the path of its program. */
export async function helmBinary(signal?: AbortSignal): Promise<string> {
  const folder = await goBuild({ name: "helm", moduleDir: import.meta.dirname, packages: { helm: "helm.sh/helm/v4/cmd/helm" }, signal });
  return join(folder, "helm");
}
