/** How much there is to restore, and whether the target has room for it: found out before anything is written. */
import { lstatSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { ByteString } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import { closeHandle, type FolderFd, openFolderIn, pathIn } from "../folder-handle.ts";
import { codeOf } from "./attributes.ts";
import { targetFull } from "./findings.ts";
import { plainLength } from "./plain-length.ts";
import { EVERYTHING } from "./options.ts";
import { type CompiledSelection, compileSelection } from "./selection.ts";
import { blobIds, isDamage, type Trees } from "./trees.ts";

export interface TreeSize {
  /** Folders, and all that is in them. */
  readonly entries: number;
  readonly files: number;
  readonly bytes: number;
  /** On the disk, in whole blocks. */
  readonly diskBytes: number;
}

export interface Measured {
  readonly tree: HexId;
  readonly entry: ByteString | undefined;
}

const NOTHING: TreeSize = { entries: 0, files: 0, bytes: 0, diskBytes: 0 };
const BLOCK_BYTES = 4096;
/** Unit of st_blocks, stat(2). */
const STAT_BLOCK_BYTES = 512;
/** More than any file system holds. */
const MAX_ENTRIES = 2 ** 32;
/** zstd makes nothing but runs of one byte so much shorter, and these are zeros nearly always. */
const ZEROS_RATIO = 1000;

/** What a file takes beside and instead of its length: a closer look for when the plain sum does not fit. */
type DiskBytesOf = (content: Uint8Array, name: ByteString, folder: FolderFd | undefined) => number;

export interface SizeParts {
  readonly trees: Trees;
  /** Throws when the restore is to stop. */
  readonly throwIfStopped: () => void;
}

class SizeWalk {
  readonly #trees: Trees;
  readonly #selection: CompiledSelection;
  readonly #throwIfStopped: () => void;
  readonly #diskBytesOf: DiskBytesOf | undefined;
  /** Trees that were added up: a hostile snapshot may name one of them again and again. */
  readonly #known = new Map<HexId, TreeSize>();
  readonly #links = new Set<string>();

  constructor({ trees, throwIfStopped }: SizeParts, selection: CompiledSelection, diskBytesOf?: DiskBytesOf) {
    this.#trees = trees;
    this.#throwIfStopped = throwIfStopped;
    this.#selection = selection;
    this.#diskBytesOf = diskBytesOf;
  }

  /** What is damaged counts nothing. @param folder what is there already, if anything */
  async measure({ tree, entry }: Measured, folder: FolderFd | undefined): Promise<TreeSize> {
    return this.#measure(tree, entry, "" as ByteString, 0, folder);
  }

  async #measure(
    id: HexId,
    entry: ByteString | undefined,
    path: ByteString,
    depth: number,
    folder: FolderFd | undefined,
  ): Promise<TreeSize> {
    const isSame = this.#selection.isAll && entry === undefined && folder === undefined;
    const known = isSame ? this.#known.get(id) : undefined;
    if (known !== undefined || depth > REPOSITORY_LIMITS.treeDepth) return known ?? NOTHING;
    let { entries, files, bytes, diskBytes } = NOTHING;
    this.#throwIfStopped();
    try {
      const nodes = await this.#trees.open(id);
      for (let node = nodes.next(); node !== undefined; node = nodes.next()) {
        const { name, type } = node;
        entries++;
        if ((entry !== undefined && name !== entry) || (type !== "dir" && type !== "file")) continue;
        const nodePath = `${path}/${name}` as ByteString;
        if (type === "file") {
          if (!this.#selection.isAll && !this.#selection.takes(nodePath)) continue;
          files++;
          if (node.links > 1 && this.#isKnownLink(`${node.deviceId} ${node.inode}`)) continue;
          bytes += node.size;
          diskBytes += this.#diskBytesOf?.(node.contentBytes(), name, folder) ?? inBlocks(node.size);
        } else if (node.subtree !== undefined && (this.#selection.isAll || this.#selection.mayTakeBelow(nodePath))) {
          const below = await this.#measureFolder(node.subtree, name, nodePath, depth, folder);
          entries += below.entries;
          files += below.files;
          bytes += below.bytes;
          diskBytes += below.diskBytes + BLOCK_BYTES;
        }
      }
    } catch (error) {
      // The restore itself reports it.
      if (!isDamage(error)) throw error;
    }
    const size = { entries, files, bytes, diskBytes };
    if (isSame) this.#known.set(id, size);
    return size;
  }

  async #measureFolder(id: HexId, name: ByteString, path: ByteString, depth: number, parent: FolderFd | undefined): Promise<TreeSize> {
    const folder = parent === undefined ? undefined : openIfThere(parent, name);
    try {
      return await this.#measure(id, undefined, path, depth + 1, folder);
    } finally {
      if (folder !== undefined) closeHandle(folder);
    }
  }

  #isKnownLink(key: string): boolean {
    if (this.#links.has(key)) return true;
    this.#links.add(key);
    return false;
  }
}

/**
 * How much is selected. A hostile snapshot of a few trees, each in the next one twice, has more entries than anybody could visit, and that
 * is only found out by adding up each tree once.
 *
 * @throws {DomainError} corrupt/snapshot_endless
 */
export async function measureSelected(parts: SizeParts, selection: CompiledSelection, measured: Measured): Promise<TreeSize> {
  const all = await new SizeWalk(parts, compileSelection(EVERYTHING)).measure(measured, undefined);
  if (all.entries > MAX_ENTRIES) {
    throw new DomainError("corrupt", "snapshot_endless", `Cannot restore tree "${measured.tree}": it has ${all.entries} entries`);
  }
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

function inBlocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
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

function openIfThere(folder: FolderFd, name: ByteString): FolderFd | undefined {
  try {
    return openFolderIn(folder, name);
  } catch (error) {
    if (codeOf(error) === "") throw error;
    return undefined;
  }
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
