import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lockFile } from "./lock.ts";

const SOURCE = join(import.meta.dirname, "lock.ts");

/** A process that takes the lock, says so, and keeps it until it is killed. */
async function startHolder(path: string): Promise<{ kill(): Promise<void>; readonly pid: number }> {
  const script = `const { lockFile } = await import(${JSON.stringify(SOURCE)}); await lockFile(${JSON.stringify(path)}); console.log("held"); setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const closed = once(child, "close");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await closed;
  };
  return { kill, pid: child.pid ?? 0 };
}

test("lockFile() waits for the holder, names it, and gets the lock when that was killed", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-lock-"));
  const path = join(folder.path, "lock");
  const holder = await startHolder(path);
  const waitedFor = Promise.withResolvers<string>();
  const waiting = lockFile(path, undefined, waitedFor.resolve);
  assert.equal(await waitedFor.promise, String(holder.pid));
  await holder.kill();
  await using _lock = await waiting;
});

test("lockFile() gives up when its signal aborts", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-lock-"));
  const path = join(folder.path, "lock");
  await using _lock = await lockFile(path);
  const abort = new AbortController();
  await assert.rejects(
    lockFile(path, abort.signal, () => abort.abort(new Error("enough"))),
    /enough/,
  );
});
