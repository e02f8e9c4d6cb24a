/** A disk as `image/<n>/<n>` and `manifest.json`, see the layout. Several threads read it; of each part only the tree's id is kept. */
import { type ByteString, displayText } from "../../base/byte-string.ts";
import { formatBytes } from "../../base/byte-size.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { encodeNode } from "../../repository/format/tree/encode.ts";
import { IMAGE_FOLDER, type ImageLayout, type ImagePart, layoutOf, MANIFEST_NAME, partsOf } from "../image/layout.ts";
import { encodeManifest } from "../image/manifest.ts";
import { plainNode } from "../plain-node.ts";
import { type OpenImage, openImage } from "./open-image.ts";
import { ParentImage } from "./parent-image.ts";
import type { ReadContent, ReadRange } from "./reader-messages.ts";
import type { ByteRange, ImageSource } from "./source.ts";
import { storeTree } from "./store-tree.ts";
import { TreeBlob } from "./tree-blob.ts";
import type { WalkParts } from "./walk-parts.ts";

/** Times would make trees of unchanged parts differ. */
const PART_FILE = { mode: 0o100600, timeNs: 0n } as const;
const PART_FOLDER = { mode: 0o040700, timeNs: 0n } as const;
const PLACE_FOLDER = { mode: 0o040755, timeNs: 0n } as const;
const ID_BYTES = 32;

/**
 * Gives the tree at the top. An image is whole or not at all: with a part left out, all that follows would be restored in the wrong place.
 *
 * @throws {DomainError} unavailable/image_unreadable, and what openImage() throws
 */
export async function storeImage(source: ImageSource, parentTree: HexId | undefined, parts: WalkParts): Promise<HexId> {
  using image = openImage(source.path, parts.report);
  const layout = layoutOf(image.bytes);
  const manifest = await storeManifest(layout, parts);
  const parent = await ParentImage.open(parentTree, source.place, manifest, parts);
  const folder = await new ImageParts(source, image, layout, parent, parts).store();
  image.reportChange();
  parts.counters.add("files");
  parts.counters.add(parent.tree === undefined ? "filesNew" : "filesUnmodified");
  const top = new TreeBlob(parts.packer);
  top.add(IMAGE_FOLDER, encodeNode(plainNode(IMAGE_FOLDER, PART_FOLDER, { subtree: folder })));
  top.add(MANIFEST_NAME, manifest);
  return source.place.reduceRight(
    (subtree, name, depth) => {
      const above = new TreeBlob(parts.packer);
      above.add(name, encodeNode(plainNode(name, PLACE_FOLDER, { subtree })));
      return storeTree(above, before(parent.above[depth]), parts);
    },
    storeTree(top, before(parent.tree), parts),
  );
}

/** Its node. */
async function storeManifest(layout: ImageLayout, { readers }: WalkParts): Promise<ByteString> {
  const { promise, resolve } = Promise.withResolvers<ReadRange>();
  readers.storeBytes(encodeManifest(layout), resolve);
  const range = await promise;
  if (range.kind !== "content") throw new Error("what lies in memory cannot be unreadable");
  return encodeNode(plainNode(MANIFEST_NAME, PART_FILE, { content: idsOf(range), size: range.bytes }));
}

class ImageParts {
  readonly #source: ImageSource;
  readonly #image: OpenImage;
  readonly #layout: ImageLayout;
  readonly #parent: ParentImage;
  readonly #parts: WalkParts;
  readonly #trees: HexId[] = [];
  #open = 0;
  #failure: DomainError | undefined;

  constructor(source: ImageSource, image: OpenImage, layout: ImageLayout, parent: ParentImage, parts: WalkParts) {
    this.#source = source;
    this.#image = image;
    this.#layout = layout;
    this.#parent = parent;
    this.#parts = parts;
  }

  /** Gives the tree of the folder of all parts. */
  async store(): Promise<HexId> {
    try {
      for (const part of partsOf(this.#layout)) {
        const earlier = this.#parent.treeOf(part);
        if (earlier !== undefined && this.#isUntouched(part) && (await this.#parent.isWhole(part, earlier))) this.#keep(part, earlier);
        else await this.#read(part, earlier);
      }
    } finally {
      // The image is closed next.
      while (this.#open > 0) await this.#parts.readers.answer();
    }
    this.#throwIfFailed();
    const folder = new TreeBlob(this.#parts.packer);
    for (const { name, number } of partsOf(this.#layout)) {
      folder.add(name, encodeNode(plainNode(name, PART_FOLDER, { subtree: this.#trees[number] as HexId })));
    }
    return storeTree(folder, before(this.#parent.folder), this.#parts);
  }

  /** Resolves when somebody could read more. */
  async #read(part: ImagePart, earlier: HexId | undefined): Promise<void> {
    const { readers, forcedCutBytes = part.to - part.from } = this.#parts;
    const ranges = Array.from(cutAt(part, forcedCutBytes));
    const contents: (ReadContent | undefined)[] = ranges.map(() => undefined);
    let left = ranges.length;
    for (const [at, { from, to }] of ranges.entries()) {
      this.#open++;
      readers.readOpenRange(this.#image.fd, from, to, (range) => {
        this.#open--;
        if (range.kind === "content" && range.bytes === to - from) contents[at] = range;
        else this.#failure ??= unreadable(this.#source.path, part, { from, to }, range);
        if (--left === 0 && this.#failure === undefined) this.#store(part, contents, earlier);
      });
      await readers.room();
      this.#throwIfFailed();
    }
  }

  #store({ number, name, from, to }: ImagePart, contents: readonly (ReadContent | undefined)[], earlier: HexId | undefined): void {
    const content = contents.flatMap((range) => (range === undefined ? [] : idsOf(range)));
    const tree = new TreeBlob(this.#parts.packer);
    tree.add(name, encodeNode(plainNode(name, PART_FILE, { content, size: to - from })));
    const id = storeTree(tree, before(earlier), this.#parts);
    this.#trees[number] = id;
    this.#parts.counters.add("files");
    this.#parts.counters.add(earlier === undefined ? "filesNew" : id === earlier ? "filesUnmodified" : "filesChanged");
  }

  #keep({ number, from, to }: ImagePart, earlier: HexId): void {
    const { counters } = this.#parts;
    this.#trees[number] = earlier;
    counters.add("files");
    counters.add("bytes", to - from);
    counters.add("filesUnmodified");
    counters.add("foldersUnmodified");
  }

  #isUntouched(part: ImagePart): boolean {
    return this.#source.changed?.every(({ from, to }) => to <= part.from || from >= part.to) ?? false;
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function* cutAt({ from: first, to: end }: ByteRange, cutBytes: number): Generator<ByteRange, void, undefined> {
  for (let from = first; from < end; from += cutBytes) yield { from, to: Math.min(from + cutBytes, end) };
}

function idsOf({ ids }: ReadContent): HexId[] {
  return Array.from({ length: ids.length / ID_BYTES }, (_, at) => ids.subarray(at * ID_BYTES, (at + 1) * ID_BYTES).toHex() as HexId);
}

/** What a folder was before, as storeTree() takes it. */
function before(tree: HexId | undefined): readonly { readonly id: HexId }[] {
  return tree === undefined ? [] : [{ id: tree }];
}

function unreadable(path: string, part: ImagePart, { from, to }: ByteRange, range: ReadRange): DomainError {
  const why =
    range.kind === "failed" ? (range.code === "EIO" ? "the disk cannot be read there" : range.code) : "it became shorter meanwhile";
  const where = `between ${formatBytes(from)} and ${formatBytes(to)}, in part ${displayText(part.name)}`;
  return new DomainError("unavailable", "image_unreadable", `Cannot back up image "${path}" ${where}: ${why}`, {
    details: { part: part.name, from, to },
    hint: "No snapshot was made: an image is whole or of no use. Copy what can be read with ddrescue, and back up the copy",
  });
}
