/**
 * An image in a snapshot. Whoever has a key of the repository can write any tree, so what the manifest and the trees say of lengths is held
 * against each other and against the index, and nothing that does not fit is given out.
 */
import { displayText } from "../../base/byte-string.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import type { Session } from "../../repository/session.ts";
import { FileContents } from "../reading/file-content.ts";
import { isDamage, type SnapshotTrees } from "../reading/snapshot-trees.ts";
import { plainLength } from "../restore/plain-length.ts";
import { IMAGE_FOLDER, type ImageLayout, type ImagePart, MANIFEST_NAME, partsOf } from "./layout.ts";
import { MAX_MANIFEST_BYTES, parseManifest } from "./manifest.ts";

const ID_BYTES = 32;

export class StoredImage {
  readonly layout: ImageLayout;
  readonly #trees: SnapshotTrees;
  readonly #index: BlobIndex;
  /** Of the parts, in their order. */
  readonly #partTrees: readonly HexId[];

  private constructor(layout: ImageLayout, partTrees: readonly HexId[], trees: SnapshotTrees, index: BlobIndex) {
    this.layout = layout;
    this.#partTrees = partTrees;
    this.#trees = trees;
    this.#index = index;
  }

  /**
   * @param tree of the folder that holds it
   * @throws {DomainError} not-found/no_image, unsupported/image_version, and corrupt/… for what cannot be the tree of an image
   */
  static async open(session: Session, trees: SnapshotTrees, tree: HexId): Promise<StoredImage> {
    const { folder, manifest } = await findParts(trees, tree);
    if (folder === undefined || manifest === undefined) {
      throw new DomainError("not-found", "no_image", "Cannot restore an image: there is none at this place of the snapshot", {
        hint: 'Name the folder that holds "manifest.json", as in latest:/dev/vdb',
      });
    }
    const layout = parseManifest(await readManifest(session, manifest));
    return new StoredImage(layout, await readPartTrees(trees, folder, layout), trees, session.index);
  }

  /** What a part is made of, as entries of the index. @throws {DomainError} corrupt/image_damaged */
  async entriesOf(part: ImagePart): Promise<readonly number[]> {
    try {
      return await this.#entriesOf(part);
    } catch (error) {
      if (!isDamage(error)) throw error;
      throw partDamaged(part, asDomainError(error).message);
    }
  }

  async #entriesOf(part: ImagePart): Promise<readonly number[]> {
    const { name, number, from, to } = part;
    const nodes = await this.#trees.scan(this.#partTrees[number] as HexId);
    const node = nodes.next();
    if (node?.type !== "file" || node.name !== name) throw partDamaged(part, "its folder has no such file");
    const content = Uint8Array.from(node.contentBytes());
    if (nodes.next() !== undefined) throw partDamaged(part, "its folder has other entries, too");
    nodes.end();
    const entries: number[] = [];
    let bytes = 0;
    for (let at = 0; at < content.length; at += ID_BYTES) {
      const entry = this.#index.find("data", content, at);
      if (entry < 0) throw partDamaged(part, `the index does not have blob "${content.subarray(at, at + ID_BYTES).toHex()}"`);
      const length = plainLength(this.#index, entry);
      if (length > REPOSITORY_LIMITS.dataBlobBytes) throw partDamaged(part, "one of its blobs is longer than blobs may be");
      entries.push(entry);
      bytes += length;
    }
    if (bytes !== to - from) throw partDamaged(part, `it has ${bytes} bytes, and the manifest says ${to - from}`);
    return entries;
  }
}

export function partDamaged({ name }: ImagePart, state: string): DomainError {
  return new DomainError("corrupt", "image_damaged", `Cannot restore part "${displayText(name)}" of the image: ${state}`, {
    hint: 'Get the parts that are whole with "holdfast files restore SNAPSHOT:PATH --target FOLDER"',
  });
}

async function findParts(
  trees: SnapshotTrees,
  tree: HexId,
): Promise<{ folder: HexId | undefined; manifest: readonly HexId[] | undefined }> {
  const nodes = await trees.scan(tree);
  let folder: HexId | undefined;
  let manifest: readonly HexId[] | undefined;
  for (let node = nodes.next(); node !== undefined; node = nodes.next()) {
    if (node.name === IMAGE_FOLDER && node.type === "dir") folder = node.subtree;
    if (node.name === MANIFEST_NAME && node.type === "file") manifest = node.decode().content;
  }
  nodes.end();
  return { folder, manifest };
}

async function readManifest(session: Session, content: readonly HexId[]): Promise<Uint8Array> {
  const [id] = content;
  const entry = id === undefined ? -1 : session.index.findHex("data", id);
  // Before it is read: what a blob says of its length is authentic, and may be much.
  if (content.length !== 1 || (entry >= 0 && plainLength(session.index, entry) > MAX_MANIFEST_BYTES)) {
    throw new DomainError("corrupt", "image_manifest", "Cannot read image manifest: it is empty, or too long");
  }
  const pieces = await Array.fromAsync(new FileContents(session).read(content));
  return Buffer.concat(pieces);
}

async function readPartTrees(trees: SnapshotTrees, folder: HexId, layout: ImageLayout): Promise<readonly HexId[]> {
  const nodes = await trees.scan(folder);
  const found: HexId[] = [];
  for (const part of partsOf(layout)) {
    const node = nodes.next();
    if (node?.type !== "dir" || node.name !== part.name || node.subtree === undefined) throw partDamaged(part, "it is not in its place");
    found.push(node.subtree);
  }
  if (nodes.next() !== undefined) {
    throw new DomainError("corrupt", "image_damaged", "Cannot restore image: it has more parts than its manifest says");
  }
  nodes.end();
  return found;
}
