/** Where blobs are that trees name and the index does not: in packs that the index should name, or nowhere. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { PlacedEntry } from "../format/pack-header.ts";
import { keyOfFile } from "../layout.ts";
import type { FileInfo } from "../sealed-files.ts";
import type { Session } from "../session.ts";
import type { Damages } from "./damages.ts";
import { readPackListing } from "./pack-listing.ts";
import type { MissingBlob } from "./tree-visitor.ts";

export interface MissingParts {
  readonly unindexed: readonly FileInfo[];
  readonly missing: readonly MissingBlob[];
  /** Numbers of the damages of index files. */
  readonly damagedIndexFiles: readonly number[];
}

const CONCURRENT_READS = 16;
const REPAIR_INDEX = 'run "holdfast repository repair index"';

/** Adds damages for what is missing, and gives the packs that nothing is known to need. */
export async function explainMissing(session: Session, parts: MissingParts, damages: Damages): Promise<readonly FileInfo[]> {
  const { unindexed, missing, damagedIndexFiles } = parts;
  if (missing.length === 0 && damagedIndexFiles.length === 0) return unindexed;
  const open = new Map(missing.map((blob) => [`${blob.type} ${blob.id}`, blob]));
  const garbage: FileInfo[] = [];
  await forEachConcurrent(unindexed, { limit: CONCURRENT_READS, signal: session.signal }, async (info, signal) => {
    const listing = await listingOf(session, info, signal);
    const held = (listing ?? []).flatMap(({ type, id }) => open.get(`${type} ${id}`) ?? []);
    const [indexFile] = damagedIndexFiles;
    if (indexFile === undefined && listing !== undefined && held.length === 0) {
      garbage.push(info);
      return;
    }
    const damage =
      indexFile ??
      damages.add({
        code: "pack_unindexed",
        object: keyOfFile("data", info.id),
        state: listing === undefined ? "no index file names it, and its list of blobs cannot be read" : "no index file names it",
        remedy: listing === undefined ? `run "holdfast repository repair packs ${info.id}"` : REPAIR_INDEX,
      });
    for (const { type, id } of held) {
      damages.addMissing(type, id, damage);
      open.delete(`${type} ${id}`);
    }
  });
  if (open.size > 0) {
    const damage = damages.add({
      code: "blobs_missing",
      object: "index",
      state: `it has no place for ${open.size} blobs that snapshots need, and no pack beside it has them`,
      remedy: 'back up the same data once more, or run "holdfast repository repair snapshots"',
    });
    for (const { type, id } of open.values()) damages.addMissing(type, id, damage);
  }
  return garbage;
}

/** undefined: it cannot be read. Nothing in it, if the pack went since it was listed. */
async function listingOf({ repository }: Session, { id, sizeBytes }: FileInfo, signal: AbortSignal): Promise<PlacedEntry[] | undefined> {
  try {
    return await readPackListing(repository.store, repository.cipher, id, sizeBytes, { signal });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === "object_not_found") return [];
    if (error.kind === "corrupt") return undefined;
    throw error;
  }
}
