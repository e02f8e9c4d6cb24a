/**
 * One folder as earlier runs knew it: in the parent snapshot, and in what runs that did not end have stored. The newest that knows an entry
 * as it is now is the one it is taken from.
 */
import type { ByteString } from "../../base/byte-string.ts";
import type { FileStat } from "../../native/files.ts";
import type { HexId } from "../../base/ids.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import type { EarlierTree } from "./earlier-trees.ts";
import type { ParentFolder } from "./parent-folder.ts";
import type { ParentTrees } from "./parent-trees.ts";
import { isUnchangedFile, type UnchangedRules } from "./unchanged.ts";

interface EarlierFolder {
  readonly folder: ParentFolder;
  readonly rules: UnchangedRules;
}

export class EarlierFolders {
  /** The newest first. */
  readonly #folders: readonly EarlierFolder[];

  private constructor(folders: readonly EarlierFolder[]) {
    this.#folders = folders;
  }

  /** @param trees the newest first; those that cannot be had are left out */
  static async open(
    trees: readonly EarlierTree[],
    { parents, index, style }: Omit<UnchangedRules, "unsureFromNs"> & { readonly parents: ParentTrees },
  ): Promise<EarlierFolders> {
    const folders: EarlierFolder[] = [];
    for (const { id, unsureFromNs } of trees) {
      const folder = await parents.open(id);
      if (folder !== undefined) folders.push({ folder, rules: { index, style, unsureFromNs } });
    }
    return new EarlierFolders(folders);
  }

  /** The node of a file that did not change since. Names are asked for in rising order; valid until the next is. */
  unchangedFile(name: ByteString, stat: FileStat): ScannedNode | undefined {
    for (const { folder, rules } of this.#folders) {
      const node = folder.find(name);
      if (node !== undefined && isUnchangedFile(node, stat, rules)) return node;
    }
    return undefined;
  }

  hasFile(name: ByteString): boolean {
    return this.#folders.some(({ folder }) => folder.find(name)?.type === "file");
  }

  /** What the trees of an entry are, each once. */
  subtrees(name: ByteString): readonly EarlierTree[] {
    const trees = new Map<HexId, EarlierTree>();
    for (const { folder, rules } of this.#folders) {
      const node = folder.find(name);
      const id = node?.type === "dir" ? node.subtree : undefined;
      if (id !== undefined && !trees.has(id)) trees.set(id, { id, unsureFromNs: rules.unsureFromNs });
    }
    return [...trees.values()];
  }
}
