/** Restores with the engine itself, without the command line. Run as a program, it restores the last snapshot: REPOSITORY PATH TARGET. */
import { byteStringOf } from "../../src/base/byte-string.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Finding } from "../../src/base/finding.ts";
import { EVERYTHING, type RestoredEntry, type RestoreOptions, type RestoreResult } from "../../src/archive/restore/options.ts";
import { resolvePath } from "../../src/archive/restore/resolve-path.ts";
import { restore } from "../../src/archive/restore/restore.ts";
import { openRepository, type Repository } from "../../src/repository/repository.ts";
import { openSession } from "../../src/repository/session.ts";
import { FileStore } from "../../src/storage/file.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";
import { PASSWORD } from "./backup.ts";

export interface Restored extends RestoreResult {
  readonly findings: readonly Finding[];
  readonly entries: readonly RestoredEntry[];
}

/** Deriving a key from a password takes long. */
const opened = new WeakMap<ObjectStore, Promise<Repository>>();

/** Reads the index anew, as a command does, and restores a path of the last snapshot. */
export async function restoreLast(
  store: ObjectStore,
  path: string,
  target: string,
  options: Partial<RestoreOptions> & { readonly password?: string } = {},
): Promise<Restored> {
  const { signal = new AbortController().signal, password = PASSWORD, ...changes } = options;
  const findings: Finding[] = [];
  const entries: RestoredEntry[] = [];
  const report = (finding: Finding): void => void findings.push(finding);
  const repository = await opened.getOrInsertComputed(store, async () => openRepository(store, { kind: "password", password }));
  await using session = await openSession(repository, { lock: "none", clock: systemClock, report, signal });
  const { index, cache } = session;
  const tree = session.snapshots.at(-1)?.snapshot.tree;
  if (tree === undefined) throw new Error("there is no snapshot");
  const what = await resolvePath(repository, tree, byteStringOf(path), { index, cache, signal });
  const result = await restore(repository, {
    ...what,
    target,
    index,
    cache,
    select: EVERYTHING,
    overwrite: "always",
    deleteExtra: false,
    dryRun: false,
    verify: false,
    onEntry: (entry) => void entries.push(entry),
    clock: systemClock,
    report,
    progress: () => undefined,
    signal,
    ...changes,
  });
  return { ...result, findings, entries };
}

if (import.meta.main) {
  const [repository = "", path = "", target = ""] = process.argv.slice(2);
  await restoreLast(new FileStore(repository, systemClock), path, target);
}
