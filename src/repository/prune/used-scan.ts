/** Scans trees and notes in shared memory which blobs they name. Synchronous; one for each thread of findUsed(). */
import { DomainError } from "../../base/errors.ts";
import { BlobDecoder } from "../blob-decoder.ts";
import type { BlobType } from "../format/blob.ts";
import type { MasterKey } from "../format/cipher.ts";
import { type ScannedNode, TreeScanner } from "../format/tree/decode.ts";
import { ID_BYTES } from "../index/id-table.ts";
import { BlobIndex, type SharedBlobIndex } from "../index/blob-index.ts";
import { EntrySet } from "../index/entry-set.ts";

export interface UsedThreadStart {
  readonly index: SharedBlobIndex;
  readonly used: SharedArrayBuffer;
  readonly masterKey: MasterKey;
}

export interface ScanCalls {
  readonly scan: (job: ScanJob) => ScanAnswer;
}

export interface ScanJob {
  readonly pack: number;
  readonly bytes: Uint8Array;
  /** Index entries of the trees to scan, which lie in that pack and are noted as used. */
  readonly trees: readonly number[];
}

export interface ScanAnswer {
  readonly scanned: number;
  /** Trees that nobody had noted before, in other packs. Those in the same one are scanned already. */
  readonly elsewhere: readonly number[];
  /** Blobs that no index names, as missingBlob() writes them. */
  readonly missing: readonly string[];
}

/** How a missing blob is called: type and id. */
export function missingBlob(type: BlobType, id: string): string {
  return `${type} ${id}`;
}

export class UsedScan {
  readonly #index: BlobIndex;
  readonly #used: EntrySet;
  readonly #decoder: BlobDecoder;
  readonly #id = new Uint8Array(ID_BYTES);
  /** Each is told once. */
  readonly #missing = new Set<string>();
  #plain = new Uint8Array(1 << 20);

  constructor({ index, used, masterKey }: UsedThreadStart) {
    this.#index = BlobIndex.attach(index);
    this.#used = EntrySet.attach(used);
    this.#decoder = new BlobDecoder(masterKey);
  }

  run({ pack, bytes, trees }: ScanJob): ScanAnswer {
    const here = [...trees];
    const elsewhere: number[] = [];
    const missing: string[] = [];
    let scanned = 0;
    for (let tree = here.pop(); tree !== undefined; tree = here.pop()) {
      this.#scan(tree, bytes, missing, (entry) => (this.#index.packOf(entry) === pack ? here : elsewhere).push(entry));
      scanned++;
    }
    return { scanned, elsewhere, missing };
  }

  #scan(tree: number, pack: Uint8Array, missing: string[], found: (entry: number) => void): void {
    const scanner = new TreeScanner();
    scanner.push(this.#open(tree, pack));
    for (let node = scanner.next(); node !== undefined; node = scanner.next()) {
      const subtree = this.#noteContent(node, missing);
      if (subtree === undefined) continue;
      this.#id.setFromHex(subtree);
      const entry = this.#note("tree", this.#id, 0, missing);
      if (entry !== undefined) found(entry);
    }
    scanner.end();
  }

  #noteContent(node: ScannedNode, missing: string[]): string | undefined {
    const content = node.contentBytes();
    for (let at = 0; at < content.length; at += ID_BYTES) this.#note("data", content, at, missing);
    return node.subtree;
  }

  /** The blob's entry if nobody had noted it before. */
  #note(type: BlobType, ids: Uint8Array, at: number, missing: string[]): number | undefined {
    const entry = this.#index.find(type, ids, at);
    if (entry >= 0) return this.#used.add(entry) ? entry : undefined;
    const name = missingBlob(type, ids.subarray(at, at + ID_BYTES).toHex());
    if (!this.#missing.has(name)) missing.push(name);
    this.#missing.add(name);
    return undefined;
  }

  #open(tree: number, pack: Uint8Array): Uint8Array {
    const index = this.#index;
    const offset = index.offsetOf(tree);
    const length = index.lengthOf(tree);
    const id = index.idOf(tree);
    if (offset + length > pack.length) {
      throw new DomainError("corrupt", "pack_too_short", `Cannot read tree "${id}": its pack ends before`);
    }
    const uncompressedLength = index.uncompressedLengthOf(tree);
    const plainBytes = Math.max(uncompressedLength, length);
    if (this.#plain.length < plainBytes) this.#plain = new Uint8Array(plainBytes);
    const written = this.#decoder.decodeInto(pack.subarray(offset, offset + length), uncompressedLength, id, this.#plain);
    return this.#plain.subarray(0, written);
  }
}
