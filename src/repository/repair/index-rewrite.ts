/** Changes what index files say of some packs. New files are written first: killed at any moment, the index lacks nothing it had. */
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { encodeIndexFile, type IndexedBlob, type IndexedPack, scanIndexFile } from "../index/index-file.ts";
import type { Session } from "../session.ts";
import { removeFiles } from "./removal.ts";
import type { RepairOptions } from "./repair-options.ts";

export interface IndexChange {
  /** Packs that no index file shall name as it did. */
  readonly dropped: ReadonlySet<HexId>;
  /** What is to be said instead, or of other packs. */
  readonly added: readonly IndexedPack[];
}

type Removal = Pick<RepairOptions, "clock" | "report">;

export interface IndexRewrite {
  readonly written: readonly HexId[];
  readonly removed: readonly HexId[];
}

/** As many as restic puts into one file. */
const BLOBS_PER_FILE = 50_000;

/**
 * Of files that cannot be read to their end, what can be read is kept.
 *
 * @param session with an exclusive lock. Its index stays as it was: open another one afterwards.
 */
export async function rewriteIndex(session: Session, { dropped, added }: IndexChange, options: Removal): Promise<IndexRewrite> {
  const writer = new IndexFileWriter(session);
  const replaced: HexId[] = [];
  for (const id of session.indexFiles) {
    const { packs, isWhole } = await readIndexFile(session, id);
    if (isWhole && !packs.some((pack) => dropped.has(pack.id))) continue;
    for (const pack of packs) if (!dropped.has(pack.id)) await writer.add(pack);
    replaced.push(id);
  }
  for (const pack of added) await writer.add(pack);
  await writer.flush();
  return { written: writer.written, removed: await removeFiles(session, "index", replaced, options) };
}

class IndexFileWriter {
  readonly written: HexId[] = [];
  readonly #session: Session;
  #packs: IndexedPack[] = [];
  #blobs = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  async add(pack: IndexedPack): Promise<void> {
    this.#packs.push(pack);
    this.#blobs += pack.blobs.length;
    if (this.#blobs >= BLOBS_PER_FILE) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#packs.length === 0) return;
    const { repository, signal } = this.#session;
    this.#session.throwIfLost();
    this.written.push(await repository.files.save("index", encodeIndexFile(this.#packs), { signal }));
    this.#packs = [];
    this.#blobs = 0;
  }
}

interface ReadIndexFile {
  readonly packs: readonly IndexedPack[];
  readonly isWhole: boolean;
}

async function readIndexFile({ repository, signal }: Session, id: HexId): Promise<ReadIndexFile> {
  const packs: { readonly id: HexId; readonly blobs: IndexedBlob[] }[] = [];
  try {
    scanIndexFile(await repository.files.load("index", id, { signal }), {
      pack: (pack) => packs.push({ id: pack.toHex() as HexId, blobs: [] }),
      blob: (type, blob, offset, length, uncompressedLength) =>
        packs.at(-1)?.blobs.push({ type, id: blob.toHex() as HexId, offset, length, uncompressedLength }),
    });
    return { packs, isWhole: true };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.kind !== "corrupt" && error.code !== "index_file_format" && error.code !== "object_not_found") throw error;
    return { packs, isWhole: false };
  }
}
