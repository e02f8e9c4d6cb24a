/** The same image in an earlier snapshot, as far as there is one. */
import type { ByteString } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import { IMAGE_FOLDER, type ImagePart, MANIFEST_NAME } from "../image/layout.ts";
import type { ParentFolder } from "./parent-folder.ts";
import { jsonOf } from "./parent-trees.ts";
import { hasContent } from "./unchanged.ts";
import type { WalkParts } from "./walk-parts.ts";

interface FoundImage {
  readonly tree: HexId;
  readonly folder: HexId;
  readonly parts: ParentFolder | undefined;
}

export class ParentImage {
  /** Trees of the folders that it lies in, from the root on, as far as they are there. */
  readonly above: readonly HexId[];
  readonly #found: FoundImage | undefined;
  readonly #parts: WalkParts;

  private constructor(above: readonly HexId[], found: FoundImage | undefined, parts: WalkParts) {
    this.above = above;
    this.#found = found;
    this.#parts = parts;
  }

  /** One with another manifest, of another length or layout, has other parts, and counts as none. */
  static async open(root: HexId | undefined, place: readonly ByteString[], manifest: ByteString, parts: WalkParts): Promise<ParentImage> {
    const above: HexId[] = [];
    let tree = root;
    for (const name of place) {
      if (tree === undefined) break;
      above.push(tree);
      tree = (await parts.parents.open(tree))?.find(name)?.subtree;
    }
    const top = tree && (await parts.parents.open(tree));
    const folder = top?.find(IMAGE_FOLDER)?.subtree;
    const earlier = top?.find(MANIFEST_NAME);
    if (tree === undefined || folder === undefined || earlier === undefined || jsonOf(earlier) !== manifest) {
      return new ParentImage(above, undefined, parts);
    }
    return new ParentImage(above, { tree, folder, parts: await parts.parents.open(folder) }, parts);
  }

  /** Of manifest and parts; undefined: there is none. */
  get tree(): HexId | undefined {
    return this.#found?.tree;
  }

  /** Of the folder of all parts. */
  get folder(): HexId | undefined {
    return this.#found?.folder;
  }

  /** Asked for in the order of the parts. */
  treeOf({ name }: ImagePart): HexId | undefined {
    return this.#found?.parts?.find(name)?.subtree;
  }

  /** Whether everything that the part is made of is there. */
  async isWhole({ name, from, to }: ImagePart, tree: HexId): Promise<boolean> {
    const node = (await this.#parts.parents.open(tree))?.find(name);
    return node?.type === "file" && node.size === to - from && hasContent(node, this.#parts.index);
  }
}
