/**
 * Walks folders in the order of their names: takes what did not change from the parent snapshot, has new content read by other threads,
 * and stores the trees. One folder's mishap is a finding, and the rest goes on.
 */
import { readlinkSync } from "node:fs";
import { type ByteString, bytesOf, byteStringOf, displayText } from "../../base/byte-string.ts";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { BlobPacker } from "../../repository/blob-packer.ts";
import { fileCalls, type FileStat } from "../../native/files.ts";
import { type NodeType, nodeTypeOf } from "../../repository/format/tree/node.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import { closeHandle, type FolderFd, openFolderAt, openFolderIn, pathIn, pathOf } from "../folder-handle.ts";
import { compilePatterns, type PathPatterns } from "../path-pattern.ts";
import { encodeNode } from "../../repository/format/tree/encode.ts";
import { nodeOf, type NodeParts, type NodeStyle } from "../stat-node.ts";
import { readXattrs } from "../xattrs.ts";
import type { CounterRow } from "./counters.ts";
import { changedFinding, fileFinding, isGone, isSystemError, replacedFinding, tooDeepFinding } from "./file-findings.ts";
import { LargeFile } from "./large-file.ts";
import { EarlierFolders } from "./earlier-folders.ts";
import type { EarlierTree } from "./earlier-trees.ts";
import { listFolder, type NameList, NO_NAMES } from "./folder-list.ts";
import { OpenFolder } from "./open-folder.ts";
import { jsonOf, type ParentTrees } from "./parent-trees.ts";
import type { FileToRead, ReadFile } from "./reader-messages.ts";
import type { ReaderPool } from "./reader-pool.ts";
import type { TreeSource, Wanted } from "./source.ts";
import { TreeBlob } from "./tree-blob.ts";
import { storeSoFar } from "./tree-so-far.ts";

export interface WalkParts {
  readonly readers: ReaderPool;
  readonly packer: BlobPacker;
  readonly index: BlobIndex;
  readonly counters: CounterRow;
  readonly style: NodeStyle;
  readonly parents: ParentTrees;
  /** A file is cut at its multiples; undefined: never. */
  readonly forcedCutBytes: number | undefined;
  readonly report: (finding: Finding) => void;
}

interface Place {
  readonly folder: OpenFolder;
  /** Absolute, for patterns. */
  readonly path: ByteString;
  readonly earlier: EarlierFolders;
  readonly wanted: Wanted;
  readonly depth: number;
  readonly device: bigint;
}

/** A folder that is open and has its place in the one above. */
interface Child {
  readonly fd: FolderFd;
  readonly path: ByteString;
  readonly earlier: readonly EarlierTree[];
  readonly wanted: Wanted;
  readonly depth: number;
  readonly device: bigint;
  /** Given what makes a tree of what is there before all is. */
  readonly begin: (soFar: () => HexId | undefined) => void;
  readonly settle: (tree: HexId) => void;
}

/** Puts a file into its folder's tree, or leaves it out. */
type Settle = (node: ByteString | "omitted") => void;

/** The name that stands for an open folder itself. */
const ITSELF = "" as ByteString;
/** Folders that were walked and stay open for readers: a process may be allowed as few as 1,024 files. */
const MAX_WAITING_FOLDERS = 256;

export class Walk {
  readonly #files = fileCalls();
  readonly #parts: WalkParts;
  readonly #source: TreeSource;
  readonly #excluded: PathPatterns;
  readonly #excludedIgnoringCase: PathPatterns;
  /** Nothing is left out, so that a folder can be compared as a whole. */
  readonly #keepsAll: boolean;
  readonly #background = new Set<Promise<unknown>>();
  #fail: (error: unknown) => void = () => undefined;
  #openFolders = 0;
  #soFar: () => HexId | undefined = () => undefined;
  /** Who waits for a folder to be closed. */
  readonly #waiting: (() => void)[] = [];

  constructor(source: TreeSource, parts: WalkParts) {
    this.#source = source;
    this.#parts = parts;
    const { patterns, patternsIgnoringCase, marks, largerThanBytes, oneFileSystem } = source.excludes;
    const rules = patterns.length + patternsIgnoringCase.length + marks.length;
    this.#keepsAll = rules === 0 && largerThanBytes === undefined && !oneFileSystem;
    this.#excluded = compilePatterns(source.excludes.patterns);
    this.#excludedIgnoringCase = compilePatterns(source.excludes.patternsIgnoringCase, { ignoreCase: true });
  }

  /**
   * Gives the id of the tree at the top. Throws if the folder at the top cannot be read.
   *
   * @param earlier what earlier runs made of it, the newest first
   */
  async run(earlier: readonly EarlierTree[]): Promise<HexId> {
    const { promise, resolve, reject } = Promise.withResolvers<HexId>();
    this.#fail = reject;
    const { root, wanted } = this.#source;
    const fd = openFolderAt(root);
    const tree = new TreeBlob(this.#parts.packer);
    const path = byteStringOf(root === "/" ? "" : root);
    const folder = this.#openFolder(fd, path, tree, () => {
      this.#soFar = () => undefined;
      resolve(this.#storeTree(tree, []));
    });
    this.#soFar = () => storeSoFar(folder, tree);
    const device = this.#files.statIn(fd, ITSELF).dev;
    await this.#walk({ folder, path, earlier: await EarlierFolders.open(earlier, this.#parts), wanted, depth: 0, device });
    // Walks of the background start others.
    while (this.#background.size > 0) await Promise.race([Promise.all(this.#background), promise]);
    this.#parts.readers.sendFiles();
    return promise;
  }

  /** Stores a tree of all that was made so far, and gives its id; undefined if there is nothing, or if it is all there. */
  storeSoFar(): HexId | undefined {
    return this.#soFar();
  }

  async #walk(place: Place): Promise<void> {
    const { folder, wanted } = place;
    try {
      const { names, others } = wanted === undefined ? this.#list(place) : namesOf(wanted);
      for (const name of names.toSorted()) {
        if (!this.#parts.readers.hasRoom) await this.#parts.readers.room();
        if (!others.has(name) && this.#isToRead(place, name)) this.#readShortFile(place, name);
        else await this.#visit(place, name);
      }
    } finally {
      folder.finishList();
      // They wait for folders to be closed, and this one may be held open by files that nobody was told to read.
      if (this.#waiting.length > 0) this.#parts.readers.sendFiles();
    }
  }

  /** Returns a promise only for folders: a wait for each file would cost more than the file. */
  #visit(place: Place, name: ByteString): Promise<void> | undefined {
    const { folder } = place;
    const path = `${place.path}/${name}` as ByteString;
    try {
      const isLast = place.wanted === undefined || place.wanted.get(name) === undefined;
      if (isLast && this.#isExcluded(path)) return undefined;
      const stat = this.#files.statIn(folder.fd, name);
      const type = nodeTypeOf(stat.mode);
      if (type !== "dir" && this.#isOnOtherFileSystem(place, path, stat)) return undefined;
      if (type === "file") this.#visitFile(place, name, stat);
      else if (type === "dir" || !isLast) return this.#visitFolder(place, name, path, stat);
      else this.#visitOther(place, name, path, type, stat);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#parts.report(fileFinding(displayText(path), error));
    }
    return undefined;
  }

  /** Whether a file is to be read whatever stat(2) says of it. */
  #isToRead(place: Place, name: ByteString): boolean {
    return this.#keepsAll && !place.earlier.hasFile(name);
  }

  #readShortFile({ folder }: Place, name: ByteString): void {
    const file = { folder: folder.fd, name };
    const settle = this.#await(folder, name, "filesNew");
    this.#parts.readers.readShortFile(file, (result) => {
      if (result.kind !== "longer") this.#take(folder, name, result, settle);
      else this.#parts.readers.whenRoom(() => this.#readFile(folder, file, result.stat, settle));
    });
  }

  #visitFile(place: Place, name: ByteString, stat: FileStat): void {
    const { folder } = place;
    const { counters } = this.#parts;
    const { size } = stat;
    if (size > (this.#source.excludes.largerThanBytes ?? Infinity)) return;
    const unchanged = place.earlier.unchangedFile(name, stat);
    if (unchanged !== undefined) {
      folder.add(name, jsonOf(unchanged));
      counters.add("filesUnmodified");
      counters.add("files");
      counters.add("bytes", size);
      return;
    }
    const kind = place.earlier.hasFile(name) ? "filesChanged" : "filesNew";
    this.#readFile(folder, { folder: folder.fd, name }, stat, this.#await(folder, name, kind));
  }

  /** Takes a place in the folder for a file that is read meanwhile. */
  #await(folder: OpenFolder, name: ByteString, kind: "filesChanged" | "filesNew"): Settle {
    const slot = folder.await(name);
    folder.hold();
    return (node) => {
      folder.release();
      if (node !== "omitted") this.#parts.counters.add(kind);
      folder.settle(slot, node);
    };
  }

  #readFile(folder: OpenFolder, file: FileToRead, stat: FileStat, settle: Settle): void {
    const cut = this.#parts.forcedCutBytes;
    if (cut !== undefined && stat.size > cut) {
      new LargeFile(file, stat, `${folder.path}/${displayText(file.name)}`, cut, this.#parts).read(settle);
      return;
    }
    this.#parts.readers.readFile(file, stat.size, (result) => this.#take(folder, file.name, result, settle));
  }

  #take(folder: OpenFolder, name: ByteString, result: ReadFile, settle: Settle): void {
    if (result.kind === "node" && !result.changed) {
      settle(result.json);
      return;
    }
    const object = `${folder.path}/${displayText(name)}`;
    this.#parts.report(findingOf(result, object));
    settle(result.kind === "node" ? result.json : "omitted");
  }

  async #visitFolder(place: Place, name: ByteString, path: ByteString, stat: FileStat): Promise<void> {
    const { folder } = place;
    const { readers, report } = this.#parts;
    const wanted = place.wanted?.get(name);
    if (this.#isOnOtherFileSystem(place, path, stat)) {
      this.#keepWithout(place, name, path, stat);
      return;
    }
    if (place.depth >= REPOSITORY_LIMITS.treeDepth) {
      report(tooDeepFinding(displayText(path)));
      this.#keepWithout(place, name, path, stat);
      return;
    }
    // The folders above this one are open, too.
    while (this.#openFolders - place.depth > MAX_WAITING_FOLDERS) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      readers.sendFiles();
      await promise;
    }
    let fd: FolderFd | undefined;
    let opened: FileStat;
    let xattrs: NodeParts["xattrs"];
    try {
      // The way to what the user named may lead through links.
      fd = wanted === undefined ? openFolderIn(folder.fd, name) : openFolderAt(bytesOf(path));
      opened = this.#files.statIn(fd, ITSELF);
      xattrs = readXattrs(fd);
    } catch (error) {
      if (fd !== undefined) closeHandle(fd);
      if (!isSystemError(error)) throw error;
      report(fileFinding(displayText(path), error));
      if (!isGone(error)) this.#keepWithout(place, name, path, stat);
      return;
    }
    const earlier = place.earlier.subtrees(name);
    const slot = folder.await(name);
    const nodeWith = (subtree: HexId): ByteString => encodeNode(nodeOf(name, opened, this.#parts.style, { subtree, xattrs }));
    const begin = (soFar: () => HexId | undefined): void =>
      folder.begin(slot, () => {
        const subtree = soFar();
        return subtree && nodeWith(subtree);
      });
    const settle = (subtree: HexId): void => folder.settle(slot, nodeWith(subtree));
    const child = { fd, path, earlier, wanted, depth: place.depth + 1, device: opened.dev, begin, settle };
    const [newest] = earlier;
    if (newest !== undefined && wanted === undefined && this.#keepsAll) this.#inBackground(this.#compareOrEnter(child, newest));
    else await this.#enter(child);
  }

  /** Others compare the folder meanwhile; only one that changed, or has folders in it, is walked. */
  async #compareOrEnter(child: Child, newest: EarlierTree): Promise<void> {
    this.#openFolders++;
    const tree = await this.#parts.parents.fetch(newest.id);
    const isUnchanged = tree !== undefined && (await this.#parts.readers.compare(child.fd, tree, newest.unsureFromNs));
    if (!isUnchanged) {
      this.#openFolders--;
      await this.#enter(child);
      return;
    }
    closeHandle(child.fd);
    this.#closed();
    this.#parts.counters.add("foldersUnmodified");
    child.settle(newest.id);
  }

  async #enter({ fd, path, earlier, wanted, depth, device, begin, settle }: Child): Promise<void> {
    const tree = new TreeBlob(this.#parts.packer);
    const folder = this.#openFolder(fd, path, tree, () => settle(this.#storeTree(tree, earlier)));
    begin(() => storeSoFar(folder, tree));
    await this.#walk({ folder, path, earlier: await EarlierFolders.open(earlier, this.#parts), wanted, depth, device });
  }

  #inBackground(task: Promise<void>): void {
    const running: Promise<unknown> = task.then(
      () => this.#background.delete(running),
      (error: unknown) => this.#fail(error),
    );
    this.#background.add(running);
  }

  #openFolder(fd: FolderFd, path: ByteString, tree: TreeBlob, complete: () => void): OpenFolder {
    this.#openFolders++;
    return new OpenFolder(fd, displayText(path), {
      addNode: (entry, node) => tree.add(entry, node),
      complete,
      closed: () => this.#closed(),
    });
  }

  #closed(): void {
    this.#openFolders--;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** An empty folder where nothing of its contents is to be kept. */
  #keepWithout(place: Place, name: ByteString, path: ByteString, stat: FileStat): void {
    const subtree = this.#storeTree(new TreeBlob(this.#parts.packer), []);
    this.#addNode(place, name, path, stat, { subtree });
  }

  #visitOther(place: Place, name: ByteString, path: ByteString, type: NodeType, stat: FileStat): void {
    if (type === "socket") {
      this.#parts.report({
        grade: "info",
        code: "socket_left_out",
        object: displayText(path),
        message: `Left out socket "${displayText(path)}": only the process that made it can make it again`,
      });
      return;
    }
    if (type !== "symlink") {
      this.#addNode(place, name, path, stat, {});
      return;
    }
    const linkTarget = readlinkSync(pathIn(place.folder.fd, name), { encoding: "latin1" }) as ByteString;
    this.#addNode(place, name, path, stat, { linkTarget });
  }

  #addNode(place: Place, name: ByteString, path: ByteString, stat: FileStat, parts: Omit<NodeParts, "xattrs">): void {
    const xattrs = this.#xattrsOf(place, name, path);
    place.folder.add(name, encodeNode(nodeOf(name, stat, this.#parts.style, { ...parts, xattrs })));
  }

  #xattrsOf({ folder }: Place, name: ByteString, path: ByteString): NodeParts["xattrs"] {
    try {
      return readXattrs(`${pathOf(folder.fd)}/${name}` as ByteString);
    } catch (error) {
      this.#parts.report(fileFinding(displayText(path), error));
      return [];
    }
  }

  #storeTree(tree: TreeBlob, earlier: readonly EarlierTree[]): HexId {
    const { packer, counters } = this.#parts;
    const id = tree.store();
    const isUnmodified = earlier.some((other) => other.id === id);
    counters.add(earlier.length === 0 ? "foldersNew" : isUnmodified ? "foldersUnmodified" : "foldersChanged");
    counters.set("treeBlobs", packer.counters.newBlobs);
    counters.set("newBytes", packer.counters.newBytes);
    counters.set("storedBytes", packer.counters.storedBytes);
    return id;
  }

  /** What the user named is wanted, wherever it lies. */
  #isOnOtherFileSystem({ wanted, device }: Place, path: ByteString, stat: FileStat): boolean {
    const { excludes, named } = this.#source;
    return excludes.oneFileSystem && wanted === undefined && stat.dev !== device && !named.has(path);
  }

  #isExcluded(path: ByteString): boolean {
    const { patterns, patternsIgnoringCase } = this.#source.excludes;
    if (patterns.length === 0 && patternsIgnoringCase.length === 0) return false;
    return this.#excluded.matches(path) || this.#excludedIgnoringCase.matches(path);
  }

  #list({ folder, depth }: Place): NameList {
    try {
      return listFolder(folder.fd, this.#source.excludes.marks);
    } catch (error) {
      if (depth === 0 || !isSystemError(error)) throw error;
      this.#parts.report(fileFinding(folder.path, error));
      return NO_NAMES;
    }
  }
}

function findingOf(result: ReadFile, object: string): Finding {
  switch (result.kind) {
    case "failed":
      return fileFinding(object, { code: result.code });
    case "node":
      return changedFinding(object);
    default:
      return replacedFinding(object);
  }
}

/** What was named leads to files or folders: stat(2) tells. */
function namesOf(wanted: NonNullable<Wanted>): NameList {
  const names = Array.from(wanted.keys());
  return { names, others: new Set(names) };
}
