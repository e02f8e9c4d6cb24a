/** Trees of snapshots, for those who look into them on the main thread. */
import { type ByteString, byteStringOf, displayText } from "../../base/byte-string.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import { BlobDecoder } from "../../repository/blob-decoder.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import { type ScannedNode, TreeScanner } from "../../repository/format/tree/decode.ts";
import type { Node } from "../../repository/format/tree/node.ts";
import type { Session } from "../../repository/session.ts";
import { WholePacks } from "../../repository/whole-packs.ts";
import { EndCheck } from "./end-check.ts";

export class SnapshotTrees {
  readonly #session: Session;
  readonly #packs: WholePacks;
  readonly #decoder: BlobDecoder;
  readonly #id = new Uint8Array(32);

  constructor(session: Session) {
    this.#session = session;
    this.#packs = new WholePacks(session.repository, session.cache);
    this.#decoder = new BlobDecoder(session.repository.masterKey);
  }

  /**
   * The bytes of a tree, from the first of its places where it is whole.
   *
   * @throws {DomainError} corrupt/tree_missing: the index does not have it
   * @throws {DomainError} corrupt: it is damaged wherever it lies; what the store throws
   */
  async open(id: HexId): Promise<Uint8Array> {
    const { index, signal } = this.#session;
    // What lies in memory would be given without a look at it.
    signal.throwIfAborted();
    this.#id.setFromHex(id);
    let failure: DomainError | undefined;
    for (const entry of index.locations("tree", this.#id, 0)) {
      try {
        const sealed = await this.#packs.read(index.packId(index.packOf(entry)), index.offsetOf(entry), index.lengthOf(entry), { signal });
        return this.#decoder.decode(sealed, index.uncompressedLengthOf(entry), id);
      } catch (error) {
        if (!isDamage(error)) throw error;
        failure = error;
      }
    }
    throw failure ?? new DomainError("corrupt", "tree_missing", `Cannot read tree "${id}": it is not in the index`);
  }

  /** How many the index has, those of other snapshots included. */
  count(): number {
    const { index } = this.#session;
    let count = 0;
    for (const entry of index.entries()) if (index.typeOf(entry) === "tree") count++;
    return count;
  }

  /** The nodes of a tree, one after the other. */
  async scan(id: HexId): Promise<TreeScanner> {
    const scanner = new TreeScanner();
    scanner.push(await this.open(id));
    return scanner;
  }

  /** The node at a path below a tree; undefined for the tree itself, and "missing" if there is none. */
  async find(top: HexId, names: readonly ByteString[]): Promise<Node | "missing" | undefined> {
    let tree: HexId | undefined = top;
    let found: Node | undefined;
    for (const name of names) {
      if (tree === undefined) return "missing";
      const scanner = await this.scan(tree);
      let node = scanner.next();
      while (node !== undefined && node.name !== name) node = scanner.next();
      if (node === undefined) return "missing";
      found = node.decode();
      tree = found.type === "dir" ? found.subtree : undefined;
    }
    return found;
  }
}

/** What is lost for a reader, but not for a repository that has another copy or another snapshot. */
export function isDamage(error: unknown): error is DomainError {
  return error instanceof DomainError && (error.kind === "corrupt" || error.code === "object_not_found");
}

export interface WalkedNode {
  /** From the root of the snapshot. */
  readonly path: ByteString;
  /** Valid until the next one is asked for. */
  readonly node: ScannedNode;
}

export interface WalkOptions {
  /** Where the tree lies in its snapshot, "" for the root. */
  readonly path: ByteString;
  /** Whether to go on into a folder. @default into all */
  readonly enter?: ((path: ByteString) => boolean) | undefined;
  /** Gets folders that are damaged; the walk goes on behind them. */
  readonly report: FindingSink;
  /** Of a larger walk that this one is a part of. @default one of its own */
  readonly ends?: EndCheck | undefined;
}

interface OpenFolder {
  readonly path: ByteString;
  readonly scanner: TreeScanner;
  /** The one that it lies in; undefined for the top. */
  readonly outer: OpenFolder | undefined;
  readonly depth: number;
}

/** What is in a tree and below, each folder before its contents. @throws {DomainError} corrupt/snapshot_endless */
export async function* walkTree(
  trees: SnapshotTrees,
  tree: HexId,
  { path: top, enter = () => true, report, ends = new EndCheck(trees, [tree]) }: WalkOptions,
): AsyncGenerator<WalkedNode, void, undefined> {
  let folder = await openFolder(trees, tree, top, undefined, report);
  while (folder !== undefined) {
    const node = nextNode(folder.path, folder.scanner, report);
    if (node === undefined) {
      folder = folder.outer;
      continue;
    }
    const path = `${folder.path}/${node.name}` as ByteString;
    const subtree = node.type === "dir" ? node.subtree : undefined;
    yield { path, node };
    if (subtree === undefined || !enter(path)) continue;
    await ends.pass();
    folder = await openFolder(trees, subtree, path, folder, report);
  }
}

/** Gives the outer one if it cannot be opened, which is reported. */
async function openFolder(
  trees: SnapshotTrees,
  id: HexId,
  path: ByteString,
  outer: OpenFolder | undefined,
  report: FindingSink,
): Promise<OpenFolder | undefined> {
  const depth = (outer?.depth ?? 0) + 1;
  try {
    if (depth > REPOSITORY_LIMITS.treeDepth) throw tooDeep();
    return { path, scanner: await trees.scan(id), outer, depth };
  } catch (error) {
    reportDamage(path, error, report);
    return outer;
  }
}

/** The rest of a damaged folder is reported, and left out. */
function nextNode(path: ByteString, scanner: TreeScanner, report: FindingSink): ScannedNode | undefined {
  try {
    const node = scanner.next();
    if (node === undefined) scanner.end();
    return node;
  } catch (error) {
    reportDamage(path, error, report);
    return undefined;
  }
}

export function tooDeep(): DomainError {
  return new DomainError("corrupt", "tree_depth", "folders lie too deep in each other");
}

/** Throws what is no damage. */
export function reportDamage(path: ByteString, error: unknown, report: FindingSink): void {
  if (!isDamage(error)) throw error;
  const object = path === "" ? "/" : displayText(path);
  report({ grade: "critical", code: "folder_damaged", object, message: `Cannot read folder "${object}": ${asDomainError(error).message}` });
}

/** The names in a path of a person: "/a/b/" is a, b. */
export function namesInPath(path: string): readonly ByteString[] {
  return path
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .map(byteStringOf);
}
