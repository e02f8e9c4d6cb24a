/**
 * Takes damaged packs out of a repository: what can still be read of them goes into new packs. What cannot is then missing instead of
 * damaged, so that the next backup of the same data stores it again, and all snapshots that need it are whole.
 */
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { damageFindings } from "../check/check-findings.ts";
import { startCheckThreads } from "../check/check-threads.ts";
import { Damages } from "../check/damages.ts";
import { entriesOfPack } from "../check/pack-verifier.ts";
import { getPack } from "../check/read-packs.ts";
import { listStoredPacks } from "../check/stored-packs.ts";
import { traceDamage } from "../check/trace-damage.ts";
import { TreeStretches } from "../check/tree-stretches.ts";
import type { IndexedPack } from "../index/index-file.ts";
import { keyOfFile } from "../layout.ts";
import type { Session } from "../session.ts";
import { rewriteIndex } from "./index-rewrite.ts";
import { removeFiles } from "./removal.ts";
import type { RepairOptions, RepairResult } from "./repair-options.ts";
import { startRepairThread } from "./repair-calls.ts";
import type { Salvage } from "./salvage.ts";

export interface RepairPacksOptions extends RepairOptions {
  readonly packs: readonly HexId[];
}

export interface RepairPacksResult extends RepairResult {
  readonly removedPacks: readonly HexId[];
  /** New packs with what was still good. */
  readonly savedPacks: readonly HexId[];
  readonly savedBlobs: number;
}

/**
 * Whole packs are repacked like damaged ones: nothing is lost by it.
 *
 * @param session with an exclusive lock. Its index stays as it was: open another one afterwards.
 * @throws {DomainError} not-found/pack_not_found: neither the index nor the store has it; nothing was changed
 */
export async function repairPacks(session: Session, options: RepairPacksOptions): Promise<RepairPacksResult> {
  const { index, repository, signal } = session;
  const damages = new Damages(index);
  await using checkThreads = startCheckThreads(session);
  const [table, stored] = await Promise.all([
    checkThreads.call("table", undefined, { signal }),
    listStoredPacks(repository, index, { signal }),
  ]);
  const numbers = new Map(Array.from(index.packs(), (number) => [index.packId(number), number]));
  const present = new Set([...stored.indexed.values(), ...stored.unindexed].map(({ id }) => id));
  const packs = [...new Set(options.packs)];
  for (const id of packs) if (!numbers.has(id) && !present.has(id)) throw packNotFound(id);
  const given = packs.flatMap((id) => numbers.get(id) ?? []);

  const saved: IndexedPack[] = [];
  await using thread = startRepairThread(session);
  for (const id of packs) {
    const pack = numbers.get(id);
    const bytes = await getPack(session, id, signal);
    const salvage: Salvage =
      bytes === undefined
        ? { pack: undefined, badEntries: pack === undefined ? [] : entriesOfPack(index, pack) }
        : await thread.call("salvage", { pack, bytes, given }, { transfer: [bytes.buffer], signal });
    const state = `${salvage.badEntries.length} of its blobs cannot be read, ${salvage.pack?.blobs.length ?? 0} are kept`;
    const remedy = "back up the same data once more";
    const damage = damages.add({ code: "pack_removed", object: keyOfFile("data", id), state, remedy });
    for (const entry of salvage.badEntries) damages.addBadEntry(entry, damage);
    if (salvage.pack === undefined) continue;
    saved.push({ id: salvage.pack.id, blobs: salvage.pack.blobs });
    if (!options.dryRun) await storePack(session, salvage.pack);
  }

  const parts = { threads: checkThreads, stretches: new TreeStretches(session, table, stored), lastEntry: table.lastEntry };
  const findings = damageFindings(damages.list, await traceDamage(session, damages.lostBlobs(), parts));
  for (const finding of findings) options.report(finding);
  if (!options.dryRun) {
    await rewriteIndex(session, { dropped: new Set(packs), added: saved }, options);
    await removeFiles(session, "data", packs, options);
  }
  const savedBlobs = saved.reduce((sum, { blobs }) => sum + blobs.length, 0);
  return { findings, dryRun: options.dryRun, removedPacks: packs, savedPacks: saved.map(({ id }) => id), savedBlobs };
}

async function storePack({ repository, signal, throwIfLost }: Session, pack: NonNullable<Salvage["pack"]>): Promise<void> {
  throwIfLost();
  const bytes = new Uint8Array(pack.buffer, 0, pack.lengthBytes);
  await repository.store.put(keyOfFile("data", pack.id), bytes, { sha256: pack.sha256, signal });
}

function packNotFound(id: HexId): DomainError {
  return new DomainError("not-found", "pack_not_found", `Cannot repair pack "${id}": there is none`, {
    hint: 'Run "holdfast repository check --read-data" to see which packs are damaged',
  });
}
