import { cp } from "node:fs/promises";
import { join } from "node:path";
import { DomainError } from "../../src/base/errors.ts";
import { cached, keyOf, keyOfFiles } from "./cache.ts";
import { run } from "./run.ts";

export interface GoBinaries {
  /** Name in the cache. */
  readonly name: string;
  /** Folder that holds go.mod. */
  readonly moduleDir: string;
  /** Binary name to import path, or "." for the module's own main package. */
  readonly packages: Readonly<Record<string, string>>;
  /** Folder name in the result to a folder of a module that go.mod requires: files that come with the sources. */
  readonly moduleFiles?: Readonly<Record<string, { readonly module: string; readonly path: string }>>;
  readonly ldflags?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Builds static, stripped Go binaries into the cache, keyed by the module's files and the compiler, and returns their folder. */
export async function goBuild(binaries: GoBinaries): Promise<string> {
  const ldflags = `-s -w ${binaries.ldflags ?? ""}`.trim();
  const env = { CGO_ENABLED: "0", GOFLAGS: "-trimpath -buildvcs=false" };
  const version = await goVersion(binaries.signal);
  const sources = await keyOfFiles(binaries.moduleDir, (path) => /\.go$|go\.(mod|sum)$/.test(path) && !path.endsWith("_test.go"));
  return cached({
    name: binaries.name,
    key: keyOf(version, sources, ldflags, JSON.stringify([binaries.packages, binaries.moduleFiles ?? {}])),
    signal: binaries.signal,
    build: async (folder) => {
      const options = { cwd: binaries.moduleDir, env, signal: binaries.signal };
      for (const [name, { module, path }] of Object.entries(binaries.moduleFiles ?? {})) {
        await run("go", ["mod", "download", module], options);
        const { stdout } = await run("go", ["list", "-m", "-f", "{{.Dir}}", module], options);
        await cp(join(stdout.trim(), path), join(folder, name), { recursive: true });
      }
      for (const [binary, path] of Object.entries(binaries.packages)) {
        await run("go", ["build", `-ldflags=${ldflags}`, "-o", join(folder, binary), path], options);
      }
    },
  });
}

async function goVersion(signal?: AbortSignal): Promise<string> {
  try {
    return (await run("go", ["version"], { signal })).stdout;
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "command_missing") throw error;
    throw new DomainError("unsupported", "go_missing", `Cannot build: Go is not installed`, {
      hint: "Install Go 1.26 or newer and put its go command on the PATH",
      cause: error,
    });
  }
}
