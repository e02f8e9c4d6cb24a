/** What becomes of each pack, decided by numbers alone. */
import { PACK_BYTES } from "../blob-packer.ts";

/** A pack that the index names. Bytes are those of sealed blobs. */
export interface PackUse {
  readonly type: "data" | "tree" | "mixed";
  readonly usedBlobs: number;
  readonly usedBytes: number;
  readonly unusedBlobs: number;
  /** Copies included. */
  readonly unusedBytes: number;
  /** Whether a blob is stored as it is. */
  readonly hasUncompressed: boolean;
}

export type PackFate = "keep" | "rewrite" | "drop";

/** How much unused data may stay, as a share of all data, or in bytes. */
export type UnusedLimit = { readonly share: number } | { readonly bytes: number } | "unlimited";

export interface RewriteOptions {
  /** @default a share of 5 % */
  readonly maxUnused?: UnusedLimit | undefined;
  /** Packs of no more bytes than these are rewritten. @default no limit */
  readonly maxRepackBytes?: number | undefined;
  /** Rewrite packs below 80 % of the usual length. */
  readonly repackSmall?: boolean | undefined;
  /** Rewrite packs that hold uncompressed blobs. Only where the repository's version allows compression. */
  readonly repackUncompressed?: boolean | undefined;
}

/** restic's figures. */
const DEFAULT_MAX_UNUSED: UnusedLimit = { share: 0.05 };
const TINY_PACK_BYTES = PACK_BYTES / 25;
const SMALL_PACK_BYTES = PACK_BYTES * 0.8;
/** With fewer small packs than these there is little to win, and the last one of each prune would be rewritten by the next. */
const MIN_SMALL_PACKS = 10;

/**
 * Packs without used blobs are dropped. Packs of trees are rewritten whenever something in them is unused: they are few, and read often.
 * Packs of data are rewritten, those with the largest unused part first, until no more is unused than may be.
 */
export function decidePacks<T extends PackUse>(packs: readonly T[], options: RewriteOptions): ReadonlyMap<T, PackFate> {
  const { maxRepackBytes = Infinity, repackSmall = false, repackUncompressed = false } = options;
  const smallBytes = repackSmall ? SMALL_PACK_BYTES : TINY_PACK_BYTES;
  const fates = new Map<T, PackFate>(packs.map((pack) => [pack, pack.usedBlobs === 0 ? "drop" : "keep"]));
  const inUse = packs.filter(({ usedBlobs }) => usedBlobs > 0);
  const mustRewrite = (pack: T): boolean => pack.type === "mixed" || (repackUncompressed && pack.hasUncompressed);
  const isWhole = (pack: T): boolean => pack.unusedBlobs === 0 && !mustRewrite(pack);
  const small = inUse.filter((pack) => isWhole(pack) && bytesOf(pack) < smallBytes);
  const mergeable = [...Map.groupBy(small, ({ type }) => type).values()].filter(({ length }) => length >= MIN_SMALL_PACKS).flat();
  const candidates = [...inUse.filter((pack) => !isWhole(pack)), ...mergeable];
  const allowedBytes = unusedAllowed(
    options.maxUnused ?? DEFAULT_MAX_UNUSED,
    inUse.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
  );
  let unusedBytes = inUse.reduce((sum, pack) => sum + pack.unusedBytes, 0);
  let readBytes = 0;
  for (const pack of candidates.toSorted((a, b) => compare(a, b, smallBytes))) {
    const isDue = pack.type !== "data" || mustRewrite(pack) || bytesOf(pack) < smallBytes || unusedBytes > allowedBytes;
    if (!isDue || readBytes + bytesOf(pack) > maxRepackBytes) continue;
    fates.set(pack, "rewrite");
    unusedBytes -= pack.unusedBytes;
    readBytes += bytesOf(pack);
  }
  return fates;
}

function bytesOf({ usedBytes, unusedBytes }: PackUse): number {
  return usedBytes + unusedBytes;
}

/** A share is one of used and unused data together. */
function unusedAllowed(limit: UnusedLimit, usedBytes: number): number {
  if (limit === "unlimited") return Infinity;
  if ("bytes" in limit) return limit.bytes;
  return limit.share >= 1 ? Infinity : (usedBytes * limit.share) / (1 - limit.share);
}

/** Trees first, then small packs, then those of which the largest part is unused. */
function compare(a: PackUse, b: PackUse, smallBytes: number): number {
  return (
    Number(a.type === "data") - Number(b.type === "data") ||
    Number(bytesOf(a) >= smallBytes) - Number(bytesOf(b) >= smallBytes) ||
    b.unusedBytes / bytesOf(b) - a.unusedBytes / bytesOf(a)
  );
}
