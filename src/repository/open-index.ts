/** Reads the index of an opened repository, from the local cache where that has it. */
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import type { CallOptions } from "../storage/object-store.ts";
import type { BlobIndex } from "./index/blob-index.ts";
import { type DamagedIndexFile, expectedBlobsIn, loadIndex, type SealedIndexFile } from "./index/load-index.ts";
import type { CachedType, LocalCache } from "./local-cache.ts";
import type { Repository } from "./repository.ts";
import { type FileInfo, loadFile } from "./sealed-files.ts";

export interface OpenIndexOptions extends CallOptions {
  readonly cache?: LocalCache | undefined;
  readonly threads: number;
}

export interface OpenedIndex {
  readonly index: BlobIndex;
  /** The files that it was read from. */
  readonly files: ReadonlySet<HexId>;
  /** What could not be read: blobs may be missing. */
  readonly findings: readonly Finding[];
}

/** A distant store answers several at a time; files of 50,000 blobs have 3 MB. */
const FILES_AHEAD = 6;

/** Throws what the store throws. Damaged files are findings: whoever needs all of the index looks at them. */
export async function openIndex(repository: Repository, options: OpenIndexOptions): Promise<OpenedIndex> {
  const { cache, threads, signal } = options;
  const infos = await Array.fromAsync(repository.files.list("index", { signal }));
  const files = new Set(infos.map(({ id }) => id));
  const damaged: DamagedIndexFile[] = [];
  const loaded = await loadIndex(sealedFiles(repository, infos, options, damaged), {
    masterKey: repository.masterKey,
    expectedBlobs: expectedBlobsIn(infos.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)),
    threads,
    signal,
  });
  await cache?.keepOnly("index", files);
  const findings = [...damaged, ...loaded.damaged].map(({ id, error }): Finding => {
    return { grade: "critical", code: "index_file_damaged", object: `index/${id}`, message: error.message };
  });
  return { index: loaded.index, files, findings };
}

/** A file that is named by its content, from the cache or else from the store, and then kept in the cache. */
export async function loadCached(
  repository: Repository,
  type: CachedType,
  id: HexId,
  { cache, signal }: CallOptions & { readonly cache?: LocalCache | undefined },
): Promise<Uint8Array> {
  const cached = await cache?.get(type, id);
  if (cached !== undefined) return cached;
  const bytes = await loadFile(repository.store, type, id, { signal });
  await cache?.put(type, id, bytes);
  return bytes;
}

async function* sealedFiles(
  repository: Repository,
  infos: readonly FileInfo[],
  options: OpenIndexOptions,
  damaged: DamagedIndexFile[],
): AsyncGenerator<SealedIndexFile, void, undefined> {
  const load = async (id: HexId): Promise<SealedIndexFile | undefined> => {
    try {
      return { id, sealed: await loadCached(repository, "index", id, options) };
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
      damaged.push({ id, error });
      return undefined;
    }
  };
  const ahead: Promise<SealedIndexFile | undefined>[] = [];
  for (const { id } of infos) {
    const loading = load(id);
    // A failure is thrown when its turn comes, or never, if another ends the work before.
    loading.catch(() => undefined);
    ahead.push(loading);
    if (ahead.length < FILES_AHEAD) continue;
    const file = await ahead.shift();
    if (file !== undefined) yield file;
  }
  for (const loading of ahead) {
    const file = await loading;
    if (file !== undefined) yield file;
  }
}
