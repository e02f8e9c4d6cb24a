/** What is said of damaged and missing packs. */
import type { HexId } from "../../base/ids.ts";
import { keyOfFile } from "../layout.ts";
import type { Session } from "../session.ts";
import type { Damage, Damages } from "./damages.ts";
import type { StoredPacks } from "./stored-packs.ts";

export function packMissing(id: HexId): Damage {
  return {
    code: "pack_missing",
    object: keyOfFile("data", id),
    state: "it is not there",
    remedy: 'run "holdfast repository repair index", then back up the same data once more',
  };
}

export function packUnreadable(id: HexId, state: string): Damage {
  const remedy = "try again, and look after the storage if it stays so";
  return { code: "pack_unreadable", object: keyOfFile("data", id), state, remedy };
}

export function repairPack(id: HexId): string {
  return `run "holdfast repository repair packs ${id}", then back up the same data once more`;
}

/** All blobs of packs that the store lacks are bad. */
export function addAbsentPacks({ index }: Session, { absent }: StoredPacks, damages: Damages): void {
  if (absent.length === 0) return;
  const numbers = new Map(absent.map((pack) => [pack, damages.add(packMissing(index.packId(pack)))]));
  for (const entry of index.entries()) {
    const damage = numbers.get(index.packOf(entry));
    if (damage !== undefined) damages.addBadEntry(entry, damage);
  }
}
