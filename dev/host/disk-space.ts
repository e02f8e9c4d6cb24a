import { statfs } from "node:fs/promises";
import { formatBytes } from "../../src/base/byte-size.ts";
import { DomainError } from "../../src/base/errors.ts";

/**
 * Refuses to begin what would fail half way.
 *
 * @param what The action for the message: `build etcd`.
 * @param wayOut What else can be done than freeing space.
 * @throws {DomainError} unavailable/disk_full
 */
export async function requireSpace(folder: string, neededBytes: number, what: string, wayOut: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= neededBytes) return;
  const state = `${formatBytes(free)} are free in "${folder}", ${formatBytes(neededBytes)} are needed`;
  throw new DomainError("unavailable", "disk_full", `Cannot ${what}: ${state}`, { hint: `Free some space, or ${wayOut}` });
}
