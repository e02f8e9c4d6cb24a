import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "holdfast-s3-";

/** A new folder below the system's temporary one, named after this process so that {@link removeLeftovers} can tell whose it is. */
export async function createDataFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
}

/** Removes the folders of processes that were killed before they could do it. */
export async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (Number.isNaN(pid) || (await isAlive(pid))) continue;
    // Another process may be removing the same folder, or it may be another user's: neither is a reason not to start.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** A process that ended but was not waited for still has an entry in /proc, but no program. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    await readlink(`/proc/${pid}/exe`);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
