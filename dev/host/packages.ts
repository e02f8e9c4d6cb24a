import { DomainError } from "../../src/base/errors.ts";
import { cacheRoot } from "./cache.ts";
import { lockFile } from "./lock.ts";
import { run } from "./run.ts";

/**
 * Installs the Debian packages that are missing. Where all are there it only asks the local package database: no network, no lock.
 *
 * @throws {DomainError} unsupported/packages_missing: not a Debian-like system, or not root.
 */
export async function requirePackages(names: readonly string[], signal?: AbortSignal): Promise<void> {
  if ((await missingPackages(names, signal)).length === 0) return;
  await using _lock = await lockFile(`${cacheRoot()}/packages.lock`, signal);
  const missing = await missingPackages(names, signal);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) throw unsupported(missing, "only root can install packages");
  process.stderr.write(`Installing ${missing.join(" ")}\n`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["-q", "update"], { env, signal });
  await run("apt-get", ["-q", "-y", "--no-install-recommends", "install", ...missing], { env, signal });
}

async function missingPackages(names: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const installed = new Set<string>();
  try {
    const { stdout } = await run("dpkg-query", ["--show", "--showformat=${Package} ${db:Status-Status}\\n"], { signal });
    for (const line of stdout.split("\n")) {
      const [name, status] = line.split(" ");
      if (name !== undefined && status === "installed") installed.add(name);
    }
  } catch (error) {
    if (error instanceof DomainError && error.code === "command_missing") throw unsupported(names, "this system has no dpkg");
    throw error;
  }
  return names.filter((name) => !installed.has(name));
}

function unsupported(names: readonly string[], why: string): DomainError {
  return new DomainError("unsupported", "packages_missing", `Cannot install ${names.join(", ")}: ${why}`, {
    hint: "Run the command as root on Debian 12 or newer, or install these packages by hand",
  });
}
