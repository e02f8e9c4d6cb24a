/**
 * Adds up what is in a tree and below. A hostile snapshot of a few trees, each in the next one twice, has more entries than anybody could
 * visit, and that is only found out by adding up each tree once.
 */
import type { ByteString } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import { closeHandle, type FolderFd, openFolderIn } from "../folder-handle.ts";
import { codeOf } from "./attributes.ts";
import { EVERYTHING } from "./options.ts";
import { type CompiledSelection, compileSelection } from "./selection.ts";
import { isDamage } from "./trees.ts";

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

export interface SizeParts {
  /** Gives the nodes of a tree. */
  readonly open: (tree: HexId) => Promise<{ readonly next: () => ScannedNode | undefined }>;
  /** Throws when the work is to stop. */
  readonly throwIfStopped: () => void;
}

/** What a file takes beside and instead of its length: a closer look for when the plain sum does not fit. */
export type DiskBytesOf = (content: Uint8Array, name: ByteString, folder: FolderFd | undefined) => number;

interface PlacedSize extends TreeSize {
  /** Nearer to the top it would be more: something below lies too deep to count. */
  readonly fromDepth: number;
}

const NOTHING: TreeSize = { entries: 0, files: 0, bytes: 0, diskBytes: 0 };
const BLOCK_BYTES = 4096;

export class SizeWalk {
  readonly #open: SizeParts["open"];
  readonly #selection: CompiledSelection;
  readonly #throwIfStopped: () => void;
  readonly #diskBytesOf: DiskBytesOf | undefined;
  /** Trees that were added up: a hostile snapshot may name one of them again and again. */
  readonly #known = new Map<HexId, PlacedSize>();
  readonly #links = new Set<string>();

  constructor({ open, throwIfStopped }: SizeParts, selection: CompiledSelection, diskBytesOf?: DiskBytesOf) {
    this.#open = open;
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
  ): Promise<PlacedSize> {
    const isSame = this.#selection.isAll && entry === undefined && folder === undefined;
    const known = isSame ? this.#known.get(id) : undefined;
    if (known !== undefined && depth >= known.fromDepth) return known;
    if (depth > REPOSITORY_LIMITS.treeDepth) return { ...NOTHING, fromDepth: depth };
    let { entries, files, bytes, diskBytes } = NOTHING;
    let fromDepth = 0;
    this.#throwIfStopped();
    try {
      const nodes = await this.#open(id);
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
          if (below.fromDepth > 0) fromDepth = depth;
        }
      }
    } catch (error) {
      // The restore itself reports it.
      if (!isDamage(error)) throw error;
    }
    const size = { entries, files, bytes, diskBytes, fromDepth };
    if (isSame) this.#known.set(id, size);
    return size;
  }

  async #measureFolder(id: HexId, name: ByteString, path: ByteString, depth: number, parent: FolderFd | undefined): Promise<PlacedSize> {
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

/** @throws {DomainError} corrupt/snapshot_endless */
export async function measureFinite(parts: SizeParts, measured: Measured): Promise<TreeSize> {
  const size = await new SizeWalk(parts, compileSelection(EVERYTHING)).measure(measured, undefined);
  if (size.entries <= REPOSITORY_LIMITS.snapshotEntries) return size;
  const state = "more is in it than any file system holds";
  throw new DomainError("corrupt", "snapshot_endless", `Cannot go through all of tree "${measured.tree}": ${state}`, {
    hint: 'No backup makes such a snapshot: remove it with "holdfast repository forget"',
  });
}

export function inBlocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

function openIfThere(folder: FolderFd, name: ByteString): FolderFd | undefined {
  try {
    return openFolderIn(folder, name);
  } catch (error) {
    if (codeOf(error) === "") throw error;
    return undefined;
  }
}
