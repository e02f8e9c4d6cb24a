/** restic, whose format Holdfast writes: the version to be compatible with and to measure against, and an old one. */
import { join } from "node:path";
import { goBuild } from "../host/go-build.ts";
import { requirePackages } from "../host/packages.ts";

/** Builds restic 0.18.1 into the cache and returns its path. */
export async function resticBinary(signal?: AbortSignal): Promise<string> {
  const folder = await goBuild({
    name: "restic",
    moduleDir: join(import.meta.dirname, "restic"),
    packages: { restic: "github.com/restic/restic/cmd/restic" },
    signal,
  });
  return join(folder, "restic");
}

/** Installs Debian's restic if it is missing and returns its path: 0.14.0 in Debian 12, the first that has repositories of version 2. */
export async function olderResticBinary(signal?: AbortSignal): Promise<string> {
  await requirePackages(["restic"], signal);
  return "/usr/bin/restic";
}
