/** Which packs a check reads whole. */
import type { HexId } from "../../base/ids.ts";

export type ReadData =
  | { readonly kind: "none" }
  | { readonly kind: "all" }
  /** The part-th of `of` parts, 1 to `of`: the same packs each time, so that all parts together are all packs. As restic's n/m. */
  | { readonly kind: "part"; readonly part: number; readonly of: number }
  /** So many of all packs, 0 to 1, at random. */
  | { readonly kind: "share"; readonly share: number }
  /** At least so much, if there is, at random. */
  | { readonly kind: "bytes"; readonly bytes: number };

export interface SizedPack {
  readonly number: number;
  readonly id: HexId;
  readonly sizeBytes: number;
}

/** @param random 0 to below 1 */
export function packsToRead(packs: readonly SizedPack[], what: ReadData, random: () => number = Math.random): readonly SizedPack[] {
  switch (what.kind) {
    case "none":
      return [];
    case "all":
      return packs;
    case "part":
      return packs.filter(({ id }) => Number.parseInt(id.slice(0, 2), 16) % what.of === what.part - 1);
    case "share":
      return shuffled(packs, random).slice(0, Math.ceil(packs.length * what.share));
    default:
      return untilBytes(shuffled(packs, random), what.bytes);
  }
}

function untilBytes(packs: readonly SizedPack[], wantedBytes: number): readonly SizedPack[] {
  let bytes = 0;
  const end = packs.findIndex(({ sizeBytes }) => (bytes += sizeBytes) >= wantedBytes);
  return end < 0 ? packs : packs.slice(0, end + 1);
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [result[at], result[other]] = [result[other] as T, result[at] as T];
  }
  return result;
}
