/**
 * Walks folders in the order of their names: takes what did not change from the parent snapshot, has new content read by other threads,
 * and stores the trees. One folder's mishap is a finding, and the rest goes on.
 */
import { type BigIntStats, fstatSync, lstatSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { type ByteString, bytesOf, byteStringOf, displayText } from "../../base/byte-string.ts";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { BlobPacker } from "../../repository/blob-packer.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import { hasHeader } from "../exclude.ts";
import { closeHandle, type FolderFd, openFileIn, openFolderAt, openFolderIn, pathIn, pathOf } from "../folder-handle.ts";
import type { OwnerNames } from "../owner-names.ts";
import { compilePatterns, type PathPatterns } from "../path-pattern.ts";
import { encodeNode } from "../../repository/format/tree/encode.ts";
import { nodeOf, type NodeParts } from "../stat-node.ts";
import { readXattrs } from "../xattrs.ts";
import type { CounterRow } from "./counters.ts";
import { changedFinding, fileFinding, replacedFinding } from "./file-findings.ts";
import { LargeFile } from "./large-file.ts";
import { OpenFolder } from "./open-folder.ts";
import type { ParentFolder } from "./parent-folder.ts";
import { jsonOf, type ParentTrees } from "./parent-trees.ts";
import type { ReaderPool } from "./reader-pool.ts";
import type { TreeSource, Wanted } from "./source.ts";
import { TreeBlob } from "./tree-blob.ts";

export interface WalkParts {
  readonly readers: ReaderPool;
  readonly packer: BlobPacker;
  readonly index: BlobIndex;
  readonly counters: CounterRow;
  readonly names: OwnerNames;
  readonly parents: ParentTrees;
  /** What changed at or after this moment was perhaps still changing when the parent was made. */
  readonly unsureFromNs: bigint;
  /** A file is cut at its multiples; undefined: never. */
  readonly forcedCutBytes: number | undefined;
  readonly report: (finding: Finding) => void;
}

interface Place {
  readonly folder: OpenFolder;
  /** Absolute, for patterns. */
  readonly path: ByteString;
  readonly parent: ParentFolder | undefined;
  readonly wanted: Wanted;
  readonly depth: number;
  readonly device: bigint;
}

const ID_BYTES = 32;

export class Walk {
  readonly #parts: WalkParts;
  readonly #source: TreeSource;
  readonly #excluded: PathPatterns;
  readonly #excludedIgnoringCase: PathPatterns;

  constructor(source: TreeSource, parts: WalkParts) {
    this.#source = source;
    this.#parts = parts;
    this.#excluded = compilePatterns(source.excludes.patterns);
    this.#excludedIgnoringCase = compilePatterns(source.excludes.patternsIgnoringCase, { ignoreCase: true });
  }

  /** Gives the id of the tree at the top. Throws if the folder at the top cannot be read. */
  async run(parentTree: HexId | undefined): Promise<HexId> {
    const { promise, resolve } = Promise.withResolvers<HexId>();
    const { root, wanted } = this.#source;
    const fd = openFolderAt(root);
    const tree = new TreeBlob(this.#parts.packer);
    const path = byteStringOf(root === "/" ? "" : root);
    const folder = new OpenFolder(fd, displayText(path), (entry, node) => tree.add(entry, node), () => resolve(this.#storeTree(tree, undefined)));
    const device = fstatSync(fd, { bigint: true }).dev;
    const parent = parentTree === undefined ? undefined : await this.#parts.parents.open(parentTree);
    await this.#walk({ folder, path, parent, wanted, depth: 0, device });
    this.#parts.readers.sendFiles();
    return promise;
  }

  async #walk(place: Place): Promise<void> {
    const { folder, wanted } = place;
    try {
      const names = wanted === undefined ? listFolder(folder.fd) : Array.from(wanted.keys());
      const kept = this.#unlessMarked(place, names);
      for (const name of kept.toSorted()) {
        if (!this.#parts.readers.hasRoom) await this.#parts.readers.room();
        await this.#visit(place, name);
      }
    } finally {
      folder.finishList();
    }
  }

  /** Returns a promise only for folders: a wait for each file would cost more than the file. */
  #visit(place: Place, name: ByteString): Promise<void> | undefined {
    const { folder } = place;
    const path = `${place.path}/${name}` as ByteString;
    try {
      const isLast = place.wanted === undefined || place.wanted.get(name) === undefined;
      if (isLast && this.#isExcluded(path)) return undefined;
      const stat = lstatSync(pathIn(folder.fd, name), { bigint: true });
      if (stat.isFile()) this.#visitFile(place, name, stat);
      else if (stat.isDirectory() || !isLast) return this.#visitFolder(place, name, path, stat);
      else this.#visitOther(place, name, path, stat);
    } catch (error) {
      this.#parts.report(fileFinding(displayText(path), error));
    }
    return undefined;
  }

  #visitFile(place: Place, name: ByteString, stat: BigIntStats): void {
    const { folder } = place;
    const { readers, counters } = this.#parts;
    const size = Number(stat.size);
    if (size > (this.#source.excludes.largerThanBytes ?? Infinity)) return;
    const earlier = place.parent?.find(name);
    if (earlier !== undefined && this.#isUnchanged(earlier, stat)) {
      folder.add(name, jsonOf(earlier));
      counters.add("filesUnmodified");
      counters.add("files");
      counters.add("bytes", size);
      return;
    }
    counters.add(earlier?.type === "file" ? "filesChanged" : "filesNew");
    const slot = folder.await(name);
    folder.hold();
    const settle = (node: ByteString | "omitted"): void => {
      folder.release();
      folder.settle(slot, node);
    };
    const file = { folder: folder.fd, name };
    const cut = this.#parts.forcedCutBytes;
    if (cut !== undefined && size > cut) {
      new LargeFile(file, stat, `${folder.path}/${displayText(name)}`, cut, this.#parts).read(settle);
      return;
    }
    readers.readFile(file, size, (result) => {
      const object = `${folder.path}/${displayText(name)}`;
      if (result.kind === "node") {
        if (result.changed) this.#parts.report(changedFinding(object));
        settle(result.json);
        return;
      }
      this.#parts.report(result.kind === "replaced" ? replacedFinding(object) : fileFinding(object, { code: result.code }));
      settle("omitted");
    });
  }

  /** What the content is made of must be there, too: a run that was killed may have stored a tree without it. */
  #isUnchanged(earlier: ScannedNode, stat: BigIntStats): boolean {
    if (earlier.type !== "file" || earlier.ctimeNs >= this.#parts.unsureFromNs) return false;
    const same =
      earlier.mtimeNs === stat.mtimeNs &&
      earlier.ctimeNs === stat.ctimeNs &&
      earlier.inode === stat.ino &&
      BigInt(earlier.size) === stat.size;
    if (!same) return false;
    const content = earlier.contentBytes();
    for (let at = 0; at < content.length; at += ID_BYTES) if (this.#parts.index.find("data", content, at) < 0) return false;
    return true;
  }

  async #visitFolder(place: Place, name: ByteString, path: ByteString, stat: BigIntStats): Promise<void> {
    const { folder } = place;
    const wanted = place.wanted?.get(name);
    const isWhole = place.wanted === undefined || wanted === undefined;
    if (isWhole && this.#source.excludes.oneFileSystem && place.depth > 0 && stat.dev !== place.device) {
      this.#keepWithout(place, name, path, stat);
      return;
    }
    let fd: FolderFd;
    try {
      // The way to what the user named may lead through links.
      fd = isWhole ? openFolderIn(folder.fd, name) : openFolderAt(bytesOf(path));
    } catch (error) {
      this.#parts.report(fileFinding(displayText(path), error));
      this.#keepWithout(place, name, path, stat);
      return;
    }
    const earlier = place.parent?.find(name);
    const earlierTree = earlier?.type === "dir" ? earlier.subtree : undefined;
    const opened = fstatSync(fd, { bigint: true });
    const xattrs = readXattrs(fd);
    const tree = new TreeBlob(this.#parts.packer);
    const slot = folder.await(name);
    const child = new OpenFolder(fd, displayText(path), (entry, node) => tree.add(entry, node), () => {
      const subtree = this.#storeTree(tree, earlierTree);
      folder.settle(slot, encodeNode(nodeOf(name, opened, this.#parts.names, { subtree, xattrs })));
    });
    let parent: ParentFolder | undefined;
    try {
      parent = earlierTree === undefined ? undefined : await this.#parts.parents.open(earlierTree);
    } catch (error) {
      this.#parts.report({ ...fileFinding(displayText(path), error), grade: "info", code: "parent_tree_unreadable" });
    }
    await this.#walk({ folder: child, path, parent, wanted, depth: place.depth + 1, device: opened.dev });
  }

  /** An empty folder where nothing of its contents is to be kept. */
  #keepWithout(place: Place, name: ByteString, path: ByteString, stat: BigIntStats): void {
    const subtree = this.#storeTree(new TreeBlob(this.#parts.packer), undefined);
    this.#addNode(place, name, path, stat, { subtree });
  }

  #visitOther(place: Place, name: ByteString, path: ByteString, stat: BigIntStats): void {
    if (stat.isSocket()) {
      this.#parts.report({
        grade: "info",
        code: "socket_left_out",
        object: displayText(path),
        message: `Left out socket "${displayText(path)}": only the process that made it can make it again`,
      });
      return;
    }
    if (!stat.isSymbolicLink()) {
      this.#addNode(place, name, path, stat, {});
      return;
    }
    const linkTarget = readlinkSync(pathIn(place.folder.fd, name), { encoding: "latin1" }) as ByteString;
    this.#addNode(place, name, path, stat, { linkTarget });
  }

  #addNode(place: Place, name: ByteString, path: ByteString, stat: BigIntStats, parts: Omit<NodeParts, "xattrs">): void {
    const xattrs = this.#xattrsOf(place, name, path);
    place.folder.add(name, encodeNode(nodeOf(name, stat, this.#parts.names, { ...parts, xattrs })));
  }

  #xattrsOf({ folder }: Place, name: ByteString, path: ByteString): NodeParts["xattrs"] {
    try {
      return readXattrs(`${pathOf(folder.fd)}/${name}` as ByteString);
    } catch (error) {
      this.#parts.report(fileFinding(displayText(path), error));
      return [];
    }
  }

  #storeTree(tree: TreeBlob, earlier: HexId | undefined): HexId {
    const { packer, counters } = this.#parts;
    const id = tree.store();
    counters.add(earlier === undefined ? "foldersNew" : id === earlier ? "foldersUnmodified" : "foldersChanged");
    counters.set("treeBlobs", packer.counters.newBlobs);
    counters.set("newBytes", packer.counters.newBytes);
    counters.set("storedBytes", packer.counters.storedBytes);
    return id;
  }

  #isExcluded(path: ByteString): boolean {
    return this.#excluded.matches(path) || this.#excludedIgnoringCase.matches(path);
  }

  /** The names to go on with: of a folder that a file in it marks, only that file. */
  #unlessMarked({ folder, wanted }: Place, names: readonly ByteString[]): readonly ByteString[] {
    if (wanted !== undefined) return names;
    const mark = this.#source.excludes.marks.find((candidate) => {
      if (!names.includes(candidate.fileName)) return false;
      return candidate.header === "" || hasHeader(candidate, firstBytes(folder.fd, candidate.fileName, candidate.header.length));
    });
    return mark === undefined ? names : [mark.fileName];
  }
}

function listFolder(fd: FolderFd): ByteString[] {
  return readdirSync(pathOf(fd), { encoding: "latin1" }) as ByteString[];
}

function firstBytes(folder: FolderFd, name: ByteString, length: number): Uint8Array {
  const fd = openFileIn(folder, name);
  try {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
  } finally {
    closeHandle(fd);
  }
}
