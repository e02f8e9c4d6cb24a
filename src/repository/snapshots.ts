/** The snapshots of a repository, each with its id. */
import type { Finding } from "../base/finding.ts";
import { DomainError } from "../base/errors.ts";
import type { HexId } from "../base/ids.ts";
import { mapConcurrent } from "../base/concurrency.ts";
import type { CallOptions } from "../storage/object-store.ts";
import { parseSnapshot, serializeSnapshot, type Snapshot } from "./format/snapshot.ts";
import type { LocalCache } from "./local-cache.ts";
import { loadCached } from "./open-index.ts";
import type { Repository } from "./repository.ts";

export interface StoredSnapshot {
  readonly id: HexId;
  readonly snapshot: Snapshot;
}

export interface SnapshotOptions extends CallOptions {
  readonly cache?: LocalCache | undefined;
}

const CONCURRENT_READS = 16;
/** Ids are named by at least so many digits. */
const MIN_PREFIX = 4;
const PREFIX_FORM = /^[0-9a-f]+$/;

/** All of them, the oldest first; damaged ones are findings. */
export async function listSnapshots(
  repository: Repository,
  { cache, signal }: SnapshotOptions,
): Promise<{ readonly snapshots: readonly StoredSnapshot[]; readonly findings: readonly Finding[] }> {
  const infos = await Array.fromAsync(repository.files.list("snapshots", { signal }));
  const findings: Finding[] = [];
  const read = await mapConcurrent(infos, { limit: CONCURRENT_READS, signal }, async ({ id }, signalOfAll) => {
    try {
      const sealed = await loadCached(repository, "snapshots", id, { cache, signal: signalOfAll });
      return { id, snapshot: parseSnapshot(repository.files.open(sealed)) };
    } catch (error) {
      // One that went since the list was made is not there any more, and nothing is wrong.
      if (error instanceof DomainError && error.code === "object_not_found") return undefined;
      if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
      findings.push({ grade: "critical", code: "snapshot_damaged", object: `snapshots/${id}`, message: error.message });
      return undefined;
    }
  });
  await cache?.keepOnly("snapshots", new Set(infos.map(({ id }) => id)));
  const snapshots = read.filter((entry) => entry !== undefined);
  return { snapshots: snapshots.toSorted((a, b) => a.snapshot.time.epochMs - b.snapshot.time.epochMs), findings };
}

/**
 * The snapshot that a person means by an id, the beginning of one, or "latest".
 *
 * @throws {DomainError} not-found/snapshot_not_found
 * @throws {DomainError} usage/snapshot_ambiguous
 */
export function findSnapshot(snapshots: readonly StoredSnapshot[], name: string): StoredSnapshot {
  const latest = snapshots.at(-1);
  if (name === "latest" && latest !== undefined) return latest;
  const matching = PREFIX_FORM.test(name) && name.length >= MIN_PREFIX ? snapshots.filter(({ id }) => id.startsWith(name)) : [];
  const [found, ...others] = matching;
  if (found !== undefined && others.length === 0) return found;
  if (found === undefined) {
    const state = snapshots.length === 0 ? "the repository holds none" : "there is none with that id";
    throw new DomainError("not-found", "snapshot_not_found", `Cannot find snapshot "${name}": ${state}`, {
      hint: `Run "holdfast files list" to see what is there; "latest" is the newest, and the first ${MIN_PREFIX} digits of an id are enough`,
    });
  }
  throw new DomainError("usage", "snapshot_ambiguous", `Cannot find snapshot "${name}": ${matching.length} ids begin like that`, {
    details: { ids: matching.slice(0, 10).map(({ id }) => id) },
    hint: "Give more digits of the id",
  });
}

/** From this moment the snapshot exists. */
export async function saveSnapshot(repository: Repository, snapshot: Snapshot, options?: CallOptions): Promise<HexId> {
  return repository.files.save("snapshots", serializeSnapshot(snapshot), options);
}
