/** A restore point that is open: what it says of itself, and the objects in it. */
import { FileContents } from "../archive/reading/file-content.ts";
import { SnapshotTrees } from "../archive/reading/snapshot-trees.ts";
import { concatBytes } from "../base/bytes.ts";
import { type ByteString, byteStringOf, bytesOf, displayText } from "../base/byte-string.ts";
import { DomainError } from "../base/errors.ts";
import { isJsonObject, type JsonObject, objectIn, parseJson, textIn } from "../kube/json.ts";
import type { ResourcePath } from "../kube/resource-type.ts";
import type { HexId } from "../base/ids.ts";
import { decodeTree } from "../repository/format/tree/decode.ts";
import type { Node } from "../repository/format/tree/node.ts";
import type { Session } from "../repository/session.ts";
import type { PointDescription } from "./description.ts";
import { DESCRIPTION_FILE, isObjectFile, type ObjectFolder, OBJECTS_FOLDER, parseFolder } from "./object-path.ts";
import type { PointObject } from "./point-object.ts";
import type { PointHandle } from "./points.ts";
import { MAX_DESCRIPTION_BYTES, readDescription } from "./read-description.ts";

/** etcd takes 1.5 MiB by default, and few servers more than a few times that. */
const MAX_OBJECT_BYTES = 32 << 20;
/** Blobs of small objects lie one behind the other: so many are asked for at a time. */
const READ_AHEAD = 16;

export class RestorePoint {
  readonly handle: PointHandle;
  readonly description: PointDescription;
  readonly #trees: SnapshotTrees;
  readonly #contents: FileContents;

  private constructor(handle: PointHandle, description: PointDescription, trees: SnapshotTrees, contents: FileContents) {
    this.handle = handle;
    this.description = description;
    this.#trees = trees;
    this.#contents = contents;
  }

  /** @throws {DomainError} corrupt/restore_point, unsupported/point_format */
  static async open(session: Session, handle: PointHandle): Promise<RestorePoint> {
    const trees = new SnapshotTrees(session);
    const contents = new FileContents(session, "many-small");
    const node = await trees.find(handle.snapshot.snapshot.tree, [byteStringOf(DESCRIPTION_FILE)]);
    if (node === undefined || node === "missing") throw damaged(handle, `it has no "${DESCRIPTION_FILE}"`);
    const description = readDescription(await readWhole(contents, node, MAX_DESCRIPTION_BYTES, handle));
    return new RestorePoint(handle, description, trees, contents);
  }

  /** Where there are objects: by namespace, group, resource and version, each in the order of its name. */
  async *folders(): AsyncGenerator<ObjectFolder & { readonly tree: HexId }, void, undefined> {
    const top = await this.#trees.find(this.handle.snapshot.snapshot.tree, [byteStringOf(OBJECTS_FOLDER)]);
    if (top === undefined || top === "missing" || top.subtree === undefined) return;
    for await (const { names, tree } of this.#below(top.subtree, [OBJECTS_FOLDER], FOLDER_DEPTH)) {
      const folder = parseFolder(names);
      if (folder !== undefined) yield { ...folder, tree };
    }
  }

  /**
   * The objects, those of a resource one after the other.
   *
   * @param wanted Which resources; all if it is not given
   * @throws {DomainError} corrupt/restore_point: something is in it that is no object
   */
  async *objects(wanted: (folder: ObjectFolder) => boolean = () => true): AsyncGenerator<PointObject, void, undefined> {
    for await (const folder of this.folders()) {
      if (wanted(folder)) yield* this.#objectsIn(folder);
    }
  }

  /** The entries of a folder; undefined if there is no folder of that path. */
  async browse(path: readonly ByteString[]): Promise<Iterable<Pick<Node, "name" | "size" | "type">> | undefined> {
    const { tree } = this.handle.snapshot.snapshot;
    const node = await this.#trees.find(tree, path);
    const folder = node === undefined ? tree : node === "missing" ? undefined : node.subtree;
    if (folder === undefined) return undefined;
    return decodeTree(await this.#trees.open(folder));
  }

  /** The folder of that path, as trees have it. @throws {DomainError} corrupt/restore_point: there is none */
  async folder(path: readonly string[]): Promise<Node & { readonly subtree: HexId }> {
    const node = await this.#trees.find(this.handle.snapshot.snapshot.tree, path.map(byteStringOf));
    if (node === undefined || node === "missing" || node.subtree === undefined)
      throw damaged(this.handle, `it has no folder "${path.join("/")}"`);
    return { ...node, subtree: node.subtree };
  }

  /** The content of a file of at most MAX_OBJECT_BYTES; undefined if there is no file of that path. */
  async readFile(path: readonly ByteString[]): Promise<Uint8Array | undefined> {
    const node = await this.#trees.find(this.handle.snapshot.snapshot.tree, path);
    if (node === undefined || node === "missing" || node.type !== "file") return undefined;
    return readWhole(this.#contents, node, MAX_OBJECT_BYTES, this.handle);
  }

  async *#objectsIn({ resource, namespace, tree }: ObjectFolder & { readonly tree: HexId }): AsyncGenerator<PointObject, void, undefined> {
    const scanner = await this.#trees.scan(tree);
    const coming: Promise<PointObject>[] = [];
    let isAtEnd = false;
    while (true) {
      while (!isAtEnd && coming.length < READ_AHEAD) {
        const node = scanner.next()?.decode();
        if (node === undefined) {
          scanner.end();
          isAtEnd = true;
        } else if (node.type === "file" && isObjectFile(displayText(node.name))) {
          const next = this.#read(node, resource, namespace);
          next.catch(() => undefined); // thrown where it is awaited
          coming.push(next);
        }
      }
      const object = coming.shift();
      if (object === undefined) return;
      yield await object;
    }
  }

  async #read(node: Node, resource: ResourcePath, namespace: string | undefined): Promise<PointObject> {
    const object = parseObject(await readWhole(this.#contents, node, MAX_OBJECT_BYTES, this.handle));
    const name = textIn(objectIn(object, "metadata"), "name");
    if (object === undefined || name === undefined) throw damaged(this.handle, `"${displayText(node.name)}" is no object`);
    return { resource, namespace, name, object };
  }

  async *#below(
    tree: HexId,
    names: readonly string[],
    depth: number,
  ): AsyncGenerator<{ names: readonly string[]; tree: HexId }, void, undefined> {
    const scanner = await this.#trees.scan(tree);
    for (let node = scanner.next(); node !== undefined; node = scanner.next()) {
      const { name, subtree } = node.decode();
      if (subtree === undefined) continue;
      const inner = [...names, textOf(name)];
      if (depth === 1) yield { names: inner, tree: subtree };
      else yield* this.#below(subtree, inner, depth - 1);
    }
  }
}

/** Namespace, group, resource, version. */
const FOLDER_DEPTH = 4;

async function readWhole(
  contents: FileContents,
  { name, content = [], size }: Node,
  maxBytes: number,
  handle: PointHandle,
): Promise<Uint8Array> {
  if (size > maxBytes) throw damaged(handle, `"${displayText(name)}" has ${size} bytes`);
  const blobs = await Array.fromAsync(contents.read(content));
  const [first, ...others] = blobs;
  return first !== undefined && others.length === 0 ? first : concatBytes(blobs);
}

function parseObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function textOf(name: ByteString): string {
  return bytesOf(name).toString("utf8");
}

function damaged({ id }: PointHandle, state: string): DomainError {
  return new DomainError("corrupt", "restore_point", `Cannot read restore point ${id}: ${state}`);
}
