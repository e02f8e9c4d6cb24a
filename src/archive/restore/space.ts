/** How much there is to restore, and whether the target has room for it: found out before anything is written. */
import { lstatSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { ByteString } from "../../base/byte-string.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import { type FolderFd, pathIn } from "../folder-handle.ts";
import { codeOf } from "./attributes.ts";
import { targetFull } from "./findings.ts";
import { plainLength } from "./plain-length.ts";
import type { CompiledSelection } from "./selection.ts";
import { inBlocks, type Measured, measureFinite, type SizeParts, SizeWalk, type TreeSize } from "./size-walk.ts";
import { blobIds } from "./trees.ts";

/** Unit of st_blocks, stat(2). */
const STAT_BLOCK_BYTES = 512;
/** zstd makes nothing but runs of one byte so much shorter, and these are zeros nearly always. */
const ZEROS_RATIO = 1000;

/** How much is selected. @throws {DomainError} corrupt/snapshot_endless, of all of it */
export async function measureSelected(parts: SizeParts, selection: CompiledSelection, measured: Measured): Promise<TreeSize> {
  const all = await measureFinite(parts, measured);
  return selection.isAll ? all : new SizeWalk(parts, selection).measure(measured, undefined);
}

/**
 * @param target as the user wrote it; it need not be there
 * @param folder the target, if it is there
 * @throws {DomainError} unavailable/target_full
 */
export async function requireRoom(
  target: string,
  folder: FolderFd | undefined,
  size: TreeSize,
  parts: SizeParts & {
    readonly selection: CompiledSelection;
    readonly index: BlobIndex;
    readonly sparse: boolean;
    readonly measured: Measured;
  },
): Promise<void> {
  const available = availableBytes(target);
  if (size.diskBytes <= available) return;
  const closer = new SizeWalk(parts, parts.selection, (content, name, existing) => {
    const needed = contentBytes(parts.index, content, parts.sparse);
    return Math.max(inBlocks(needed) - (existing === undefined ? 0 : takenBy(existing, name)), 0);
  });
  const { diskBytes } = await closer.measure(parts.measured, folder);
  if (diskBytes <= available) return;
  throw targetFull(target, `${diskBytes} bytes are needed, and ${available} are free`);
}

/** What is stored, which counts and not what the entry says. */
function contentBytes(index: BlobIndex, content: Uint8Array, sparse: boolean): number {
  let bytes = 0;
  for (const at of blobIds(content)) {
    const entry = index.find("data", content, at);
    if (entry < 0) continue;
    const length = plainLength(index, entry);
    if (!sparse || length <= index.lengthOf(entry) * ZEROS_RATIO) bytes += length;
  }
  return bytes;
}

function takenBy(folder: FolderFd, name: ByteString): number {
  const stat = lstatSync(pathIn(folder, name), { throwIfNoEntry: false });
  return stat?.isFile() === true ? stat.blocks * STAT_BLOCK_BYTES : 0;
}

/** For a user without privileges, where the target lies or will lie. */
function availableBytes(target: string): number {
  for (let path = target; ; path = dirname(path)) {
    try {
      const { bavail, bsize } = statfsSync(path);
      return bavail * bsize;
    } catch (error) {
      if (codeOf(error) !== "ENOENT" || path === dirname(path)) throw error;
    }
  }
}
