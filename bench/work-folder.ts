/** The folder with everything that a benchmark generates and stores. It goes at the end; what a killed one left goes with the next. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot } from "../dev/host/cache.ts";
import { lockFile } from "../dev/host/lock.ts";

export interface WorkFolder extends AsyncDisposable {
  readonly path: string;
}

/** Empty. One benchmark at a time: a second one waits. */
export async function openWorkFolder(signal: AbortSignal): Promise<WorkFolder> {
  const path = join(cacheRoot(), "bench-work");
  await using owned = new AsyncDisposableStack();
  owned.use(await lockFile(`${path}.lock`, signal, (holder) => process.stderr.write(`Waiting for the benchmark of process ${holder}\n`)));
  await rm(path, { recursive: true, force: true });
  owned.defer(async () => rm(path, { recursive: true, force: true }));
  await mkdir(path, { recursive: true });
  const opened = owned.move();
  return { path, [Symbol.asyncDispose]: async () => opened.disposeAsync() };
}
