/** Reads trees and marks what they name: what one thread does of walking all snapshots at once. */
import { asDomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { BlobDecoder } from "../blob-decoder.ts";
import type { BlobType } from "../format/blob.ts";
import type { MasterKey } from "../format/cipher.ts";
import { TreeScanner } from "../format/tree/decode.ts";
import type { BlobIndex } from "../index/blob-index.ts";
import { EntrySet } from "../index/entry-set.ts";

export interface TreesJob {
  /** An EntrySet: gets everything that the trees name. */
  readonly used: SharedArrayBuffer;
  readonly pack: number;
  /** A part of the pack, and where it begins. */
  readonly bytes: Uint8Array;
  readonly from: number;
  /** Entries of trees that lie in that part. */
  readonly entries: readonly number[];
}

export interface TreesAnswer {
  /** How many trees were read. */
  readonly trees: number;
  /** Entries of trees that were met for the first time and lie elsewhere. */
  readonly found: readonly number[];
  readonly damaged: readonly DamagedTree[];
  /** Blobs that the index does not have. */
  readonly missing: readonly MissingBlob[];
}

export interface DamagedTree {
  readonly entry: number;
  readonly state: string;
}

export interface MissingBlob {
  readonly type: BlobType;
  readonly id: HexId;
}

const ID_BYTES = 32;

export class TreeVisitor {
  readonly #index: BlobIndex;
  readonly #decoder: BlobDecoder;
  #plain = new Uint8Array(0);

  constructor(index: BlobIndex, masterKey: MasterKey) {
    this.#index = index;
    this.#decoder = new BlobDecoder(masterKey);
  }

  /** Goes on into trees that lie in the same bytes. */
  visit({ used, pack, bytes, from, entries }: TreesJob): TreesAnswer {
    const open = [...entries];
    const found: number[] = [];
    const damaged: DamagedTree[] = [];
    const missing = new Map<string, MissingBlob>();
    const parts: VisitParts = {
      used: EntrySet.attach(used),
      onTree: (entry) => {
        const at = this.#index.offsetOf(entry);
        const isHere = this.#index.packOf(entry) === pack && at >= from && at + this.#index.lengthOf(entry) <= from + bytes.length;
        (isHere ? open : found).push(entry);
      },
      onMissing: (type, id) => missing.set(`${type} ${id}`, { type, id }),
    };
    let trees = 0;
    for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
      const at = this.#index.offsetOf(entry) - from;
      try {
        this.#read(bytes.subarray(at, at + this.#index.lengthOf(entry)), entry, parts);
        trees++;
      } catch (error) {
        const { kind, message } = asDomainError(error);
        if (kind !== "corrupt") throw error;
        damaged.push({ entry, state: message });
      }
    }
    return { trees, found, damaged, missing: [...missing.values()] };
  }

  #read(sealed: Uint8Array, entry: number, { used, onTree, onMissing }: VisitParts): void {
    const index = this.#index;
    const bytes = this.#open(sealed, entry);
    const scanner = new TreeScanner();
    scanner.push(bytes);
    for (let node = scanner.next(); node !== undefined; node = scanner.next()) {
      const { subtree } = node;
      if (subtree !== undefined) {
        const child = index.findHex("tree", subtree);
        if (child < 0) onMissing("tree", subtree);
        else if (used.add(child)) onTree(child);
      }
      const content = node.contentBytes();
      for (let at = 0; at < content.length; at += ID_BYTES) {
        const blob = index.find("data", content, at);
        if (blob < 0) onMissing("data", content.subarray(at, at + ID_BYTES).toHex() as HexId);
        else used.add(blob);
      }
    }
    scanner.end();
  }

  #open(sealed: Uint8Array, entry: number): Uint8Array {
    const uncompressedLength = this.#index.uncompressedLengthOf(entry);
    const bytes = Math.max(uncompressedLength, sealed.length);
    if (this.#plain.length < bytes) this.#plain = new Uint8Array(bytes);
    return this.#plain.subarray(0, this.#decoder.decodeInto(sealed, uncompressedLength, this.#index.idOf(entry), this.#plain));
  }
}

interface VisitParts {
  readonly used: EntrySet;
  readonly onTree: (entry: number) => void;
  readonly onMissing: (type: BlobType, id: HexId) => void;
}
