/**
 * Walks folders in the order of their names: takes what did not change from the parent snapshot, has new content read by other threads,
 * and stores the trees. One folder's mishap is a finding, and the rest goes on.
 */
import { type ByteString, bytesOf, byteStringOf, displayText } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import { fileCalls, type FileStat } from "../../native/files.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import { encodeNode } from "../../repository/format/tree/encode.ts";
import { nodeTypeOf } from "../../repository/format/tree/node.ts";
import { closeHandle, type FolderFd, openFolderAt, openFolderIn } from "../folder-handle.ts";
import { nodeOf, type NodeParts } from "../stat-node.ts";
import { readXattrs } from "../xattrs.ts";
import { EarlierFolders } from "./earlier-folders.ts";
import type { EarlierTree } from "./earlier-trees.ts";
import { fileFinding, isGone, isSystemError, tooDeepFinding } from "./file-findings.ts";
import { FileIntake } from "./file-intake.ts";
import { listFolder, type NameList, NO_NAMES } from "./folder-list.ts";
import { FolderRoom } from "./folder-room.ts";
import { LeftOut } from "./left-out.ts";
import { OpenFolder } from "./open-folder.ts";
import { addEntry, addOther, type SeenEntry } from "./other-entry.ts";
import { jsonOf } from "./parent-trees.ts";
import type { TreeSource, Wanted } from "./source.ts";
import { storeTree } from "./store-tree.ts";
import { TreeBlob } from "./tree-blob.ts";
import { storeSoFar } from "./tree-so-far.ts";
import type { WalkParts } from "./walk-parts.ts";

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

/** The name that stands for an open folder itself. */
const ITSELF = "" as ByteString;

export class Walk {
  readonly #files = fileCalls();
  readonly #parts: WalkParts;
  readonly #source: TreeSource;
  readonly #leftOut: LeftOut;
  readonly #intake: FileIntake;
  readonly #room = new FolderRoom();
  readonly #background = new Set<Promise<unknown>>();
  #fail: (error: unknown) => void = () => undefined;
  #soFar: () => HexId | undefined = () => undefined;

  constructor(source: TreeSource, parts: WalkParts) {
    this.#source = source;
    this.#parts = parts;
    this.#leftOut = new LeftOut(source);
    this.#intake = new FileIntake(parts);
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
    this.#room.opened();
    const tree = new TreeBlob(this.#parts.packer);
    const path = byteStringOf(root === "/" ? "" : root);
    const folder = this.#openFolder(fd, path, tree, () => {
      this.#soFar = () => undefined;
      resolve(storeTree(tree, [], this.#parts));
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
        if (!others.has(name) && this.#isToRead(place, name)) this.#intake.readUnseen(folder, name);
        else await this.#visit(place, name);
      }
    } finally {
      folder.finishList();
      // They wait for folders to be closed, and this one may be held open by files that nobody was told to read.
      if (this.#room.isAwaited) this.#parts.readers.sendFiles();
    }
  }

  /** Returns a promise only for folders: a wait for each file would cost more than the file. */
  #visit(place: Place, name: ByteString): Promise<void> | undefined {
    const { folder } = place;
    const path = `${place.path}/${name}` as ByteString;
    try {
      const isLast = place.wanted === undefined || place.wanted.get(name) === undefined;
      if (isLast && this.#leftOut.hasPath(path)) return undefined;
      const stat = this.#files.statIn(folder.fd, name);
      const type = nodeTypeOf(stat.mode);
      if (type !== "dir" && this.#isOnOtherFileSystem(place, path, stat)) return undefined;
      if (type === "file") this.#visitFile(place, name, stat);
      else if (type === "dir" || !isLast) return this.#visitFolder(place, name, path, stat);
      else addOther(folder, { name, path, stat }, type, this.#parts);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#parts.report(fileFinding(displayText(path), error));
    }
    return undefined;
  }

  /** Whether a file is to be read whatever stat(2) says of it. */
  #isToRead(place: Place, name: ByteString): boolean {
    return this.#leftOut.isNothing && !place.earlier.hasFile(name);
  }

  #visitFile(place: Place, name: ByteString, stat: FileStat): void {
    const { folder } = place;
    const { counters } = this.#parts;
    const { size } = stat;
    if (this.#leftOut.hasLength(size)) return;
    const unchanged = place.earlier.unchangedFile(name, stat);
    if (unchanged !== undefined) {
      folder.add(name, jsonOf(unchanged));
      counters.add("filesUnmodified");
      counters.add("files");
      counters.add("bytes", size);
      return;
    }
    this.#intake.read(folder, name, stat, place.earlier.hasFile(name) ? "filesChanged" : "filesNew");
  }

  async #visitFolder(place: Place, name: ByteString, path: ByteString, stat: FileStat): Promise<void> {
    const { folder } = place;
    const { readers, report } = this.#parts;
    const wanted = place.wanted?.get(name);
    if (this.#isOnOtherFileSystem(place, path, stat)) {
      this.#keepWithout(folder, { name, path, stat });
      return;
    }
    if (place.depth >= REPOSITORY_LIMITS.treeDepth) {
      report(tooDeepFinding(displayText(path)));
      this.#keepWithout(folder, { name, path, stat });
      return;
    }
    while (this.#room.isFull(place.depth)) {
      const change = this.#room.change();
      readers.sendFiles();
      await change;
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
      if (!isGone(error)) this.#keepWithout(folder, { name, path, stat });
      return;
    }
    this.#room.opened();
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
    if (newest !== undefined && wanted === undefined && this.#leftOut.isNothing) this.#inBackground(this.#compareOrEnter(child, newest));
    else await this.#enter(child);
  }

  /** Others compare the folder meanwhile; only one that changed, or has folders in it, is walked. */
  async #compareOrEnter(child: Child, newest: EarlierTree): Promise<void> {
    const tree = await this.#parts.parents.fetch(newest.id);
    const isUnchanged = tree !== undefined && (await this.#parts.readers.compare(child.fd, tree, newest.unsureFromNs));
    if (!isUnchanged) {
      await this.#enter(child);
      return;
    }
    closeHandle(child.fd);
    this.#room.closed();
    this.#parts.counters.add("foldersUnmodified");
    child.settle(newest.id);
  }

  async #enter({ fd, path, earlier, wanted, depth, device, begin, settle }: Child): Promise<void> {
    const tree = new TreeBlob(this.#parts.packer);
    const folder = this.#openFolder(fd, path, tree, () => settle(storeTree(tree, earlier, this.#parts)));
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
    return new OpenFolder(fd, displayText(path), {
      addNode: (entry, node) => tree.add(entry, node),
      complete,
      closed: () => this.#room.closed(),
    });
  }

  /** An empty folder where nothing of its contents is to be kept. */
  #keepWithout(folder: OpenFolder, entry: SeenEntry): void {
    const subtree = storeTree(new TreeBlob(this.#parts.packer), [], this.#parts);
    addEntry(folder, entry, { subtree }, this.#parts);
  }

  #isOnOtherFileSystem({ wanted, device }: Place, path: ByteString, stat: FileStat): boolean {
    return stat.dev !== device && wanted === undefined && this.#leftOut.hasMount(path);
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

/** What was named leads to files or folders: stat(2) tells. */
function namesOf(wanted: NonNullable<Wanted>): NameList {
  const names = Array.from(wanted.keys());
  return { names, others: new Set(names) };
}
