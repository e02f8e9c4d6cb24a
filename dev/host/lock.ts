import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DomainError } from "../../src/base/errors.ts";

/**
 * Takes an exclusive lock on a file and waits for as long as another process holds it.
 *
 * The lock is the kernel's (flock), held by a child that ends when its standard input closes: it is gone the moment this process
 * is, however that ended, so a stale lock of a dead process cannot exist.
 *
 * @param onWait Called once, with the process id of the holder, when the lock is not free at once.
 */
export async function lockFile(path: string, signal?: AbortSignal, onWait?: (holder: string) => void): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  const free = await hold(path, ["--nonblock"], signal);
  if (free !== undefined) return free;
  onWait?.((await readFile(path, "utf8")).trim());
  const lock = await hold(path, [], signal);
  if (lock === undefined) throw new DomainError("locked", "lock_failed", `Cannot lock "${path}": flock gave up`);
  return lock;
}

async function hold(path: string, flags: readonly string[], signal: AbortSignal | undefined): Promise<AsyncDisposable | undefined> {
  signal?.throwIfAborted();
  const child = spawn("flock", [...flags, "--no-fork", path, "sh", "-c", "echo held; read -r _"], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const abort = (): boolean => child.kill();
  signal?.addEventListener("abort", abort);
  const held = await new Promise<boolean>((resolve, reject) => {
    child.on("error", reject);
    child.stdout.once("data", () => resolve(true));
    child.on("close", () => resolve(false));
  });
  signal?.removeEventListener("abort", abort);
  signal?.throwIfAborted();
  if (!held) return undefined;
  await writeFile(path, `${process.pid}\n`);
  return {
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
