/** Reads packs whole and has threads prove that they are what they must be. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { keyOfFile } from "../layout.ts";
import type { Session } from "../session.ts";
import { ownBytes } from "../threads/own-memory.ts";
import type { CheckThreads } from "./check-threads.ts";
import { packMissing, packUnreadable, repairPack } from "./pack-damage.ts";
import type { Damages } from "./damages.ts";
import type { PackTable } from "./pack-table.ts";
import type { SizedPack } from "./read-subset.ts";
import { entriesOfPack } from "./pack-verifier.ts";
import type { StoreFailures } from "./store-failures.ts";

export interface ReadPacksParts {
  readonly table: PackTable;
  readonly threads: CheckThreads;
  readonly damages: Damages;
  readonly failures: StoreFailures;
  readonly onRead: (bytes: number) => void;
}

/** Packs that are fetched while all threads are at work. */
const PACKS_AHEAD = 1;

export async function readPacks(session: Session, packs: Iterable<SizedPack>, parts: ReadPacksParts): Promise<void> {
  const { index, signal } = session;
  const { table, threads, damages, failures, onRead } = parts;
  await forEachConcurrent(packs, { limit: threads.limit + PACKS_AHEAD, signal }, async ({ number, id }, signalOfAll) => {
    const bytes = await getPack(session, id, signalOfAll).catch((error: unknown) => failures.tolerate(error));
    if (bytes === undefined || typeof bytes === "string") {
      const damage = damages.add(bytes === undefined ? packMissing(id) : packUnreadable(id, bytes));
      for (const entry of entriesOfPack(index, number)) damages.addBadEntry(entry, damage);
      return;
    }
    const { length } = bytes;
    const blobs = table.blobs[number] ?? 0;
    const { isAsNamed, faults, badEntries } = await threads.call(
      "pack",
      { pack: number, blobs, bytes },
      { transfer: [bytes.buffer], signal: signalOfAll },
    );
    onRead(length);
    const expected = table.bytes[number];
    const states = [
      ...(length === expected ? [] : [`it has ${length} bytes instead of ${expected}`]),
      ...faults,
      ...(badEntries.length === 0 ? [] : [`${badEntries.length} of its ${blobs} blobs cannot be read`]),
    ];
    if (states.length === 0) return;
    const damage = damages.add({
      code: isAsNamed ? "pack_index_mismatch" : "pack_damaged",
      object: keyOfFile("data", id),
      state: states.join(", "),
      // A pack that is as it was named was stored like this: what the index says of it is wrong.
      remedy: isAsNamed ? 'run "holdfast repository repair index --read-all-packs"' : repairPack(id),
    });
    for (const entry of badEntries) damages.addBadEntry(entry, damage);
  });
}

/** All of a pack, in memory that can be handed over; undefined if it is not there. */
export async function getPack(
  { repository: { store } }: Session,
  id: HexId,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return ownBytes(await store.get(keyOfFile("data", id), { signal }));
  } catch (error) {
    if (error instanceof DomainError && error.code === "object_not_found") return undefined;
    throw error;
  }
}
