/**
 * Makes the index say what is there: packs that it does not name or of another length are read, as far as their own list of blobs goes;
 * packs that are gone are dropped. Index files that cannot be read are replaced.
 */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { damageFindings } from "../check/check-findings.ts";
import { startCheckThreads } from "../check/check-threads.ts";
import { Damages } from "../check/damages.ts";
import { readPackListing } from "../check/pack-listing.ts";
import { addAbsentPacks, repairPack } from "../check/pack-damage.ts";
import { chunkerFault } from "../check/small-files.ts";
import { listStoredPacks } from "../check/stored-packs.ts";
import { traceDamage } from "../check/trace-damage.ts";
import { TreeStretches } from "../check/tree-stretches.ts";
import { chunkerFields } from "../format/chunker-parameters.ts";
import type { PlacedEntry } from "../format/pack-header.ts";
import type { IndexedPack } from "../index/index-file.ts";
import { CHUNKER_KEY, keyOfFile } from "../layout.ts";
import type { Session } from "../session.ts";
import { rewriteIndex } from "./index-rewrite.ts";
import type { RepairOptions, RepairResult } from "./repair-options.ts";

export interface RepairIndexOptions extends RepairOptions {
  /** Believes no index file: every pack is looked at. */
  readonly readAllPacks: boolean;
}

export interface RepairIndexResult extends RepairResult {
  /** Packs that the index names anew. */
  readonly added: readonly HexId[];
  /** Packs that are gone. */
  readonly dropped: readonly HexId[];
  readonly writtenFiles: readonly HexId[];
  readonly removedFiles: readonly HexId[];
}

const CONCURRENT_READS = 16;

/** @param session with an exclusive lock. Its index stays as it was: open another one afterwards. */
export async function repairIndex(session: Session, options: RepairIndexOptions): Promise<RepairIndexResult> {
  const { index, repository, signal } = session;
  const damages = new Damages(index);
  await using threads = startCheckThreads(session);
  const [table, stored] = await Promise.all([threads.call("table", undefined, { signal }), listStoredPacks(repository, index, { signal })]);
  addAbsentPacks(session, stored, damages);
  const isDoubtful = (pack: number, sizeBytes: number): boolean => options.readAllPacks || table.bytes[pack] !== sizeBytes;
  const doubtful = [...stored.indexed.values()].filter(({ number, sizeBytes }) => isDoubtful(number, sizeBytes));
  const read = await readListings(session, [...stored.unindexed, ...doubtful], damages);

  const dropped = stored.absent.map((pack) => index.packId(pack));
  const stretches = new TreeStretches(session, table, stored);
  const touched = await traceDamage(session, damages.lostBlobs(), { threads, stretches, lastEntry: table.lastEntry });
  const findings = damageFindings(damages.list, touched);
  for (const finding of findings) options.report(finding);
  const added = read.map(({ id }) => id);
  if (options.dryRun) return { findings, dryRun: true, added, dropped, writtenFiles: [], removedFiles: [] };
  const { written, removed } = await rewriteIndex(session, { dropped: new Set([...dropped, ...added]), added: read }, options);
  await restoreChunkerFile(session);
  return { findings, dryRun: false, added, dropped, writtenFiles: written, removedFiles: removed };
}

interface DoubtfulPack {
  readonly id: HexId;
  readonly sizeBytes: number;
}

async function readListings(session: Session, packs: readonly DoubtfulPack[], damages: Damages): Promise<IndexedPack[]> {
  const read: IndexedPack[] = [];
  await forEachConcurrent(packs, { limit: CONCURRENT_READS, signal: session.signal }, async ({ id, sizeBytes }, signal) => {
    const { store, cipher } = session.repository;
    try {
      const listing = await readPackListing(store, cipher, id, sizeBytes, { signal });
      read.push({ id, blobs: listing.map(indexedBlob) });
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
      const state = "its list of blobs cannot be read, so the index stays as it is about it";
      damages.add({ code: "pack_damaged", object: keyOfFile("data", id), state, remedy: repairPack(id) });
    }
  });
  return read;
}

function indexedBlob({ type, id, offset, length, uncompressedLength = 0 }: PlacedEntry): IndexedPack["blobs"][number] {
  return { type, id, offset, length, uncompressedLength };
}

async function restoreChunkerFile({ repository, signal }: Session): Promise<void> {
  const { config, cipher, store } = repository;
  if (config.chunker?.kind !== "gear" || (await chunkerFault(repository, config.chunker, signal)) === undefined) return;
  await store.put(CHUNKER_KEY, cipher.seal(Buffer.from(JSON.stringify(chunkerFields(config.chunker)))), { signal });
}
