/** kopia 0.22.3, built from its Go module: a peer to measure against, needed by the benchmarks only. */
import { join } from "node:path";
import { goBuild } from "../host/go-build.ts";

const VERSION = "0.22.3";

/** Builds kopia into the cache and returns the path of its program. */
export async function kopiaBinary(signal?: AbortSignal): Promise<string> {
  const folder = await goBuild({
    name: "kopia",
    moduleDir: join(import.meta.dirname, "kopia"),
    packages: { kopia: "github.com/kopia/kopia" },
    ldflags: `-X github.com/kopia/kopia/repo.BuildVersion=${VERSION}`,
    signal,
  });
  return join(folder, "kopia");
}
