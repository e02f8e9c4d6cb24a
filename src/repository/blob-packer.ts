/**
 * Stores blobs: hash, look up, compress, seal, collect in packs. Synchronous, one for each thread; threads share the index and the set
 * of what is new in this run, so that no two store the same blob.
 */
import { randomFillSync } from "node:crypto";
import { DomainError } from "../base/errors.ts";
import type { HexId } from "../base/ids.ts";
import { primitives, type Primitives } from "../native/primitives.ts";
import type { BlobType } from "./format/blob.ts";
import { Cipher, type MasterKey, SEAL_OVERHEAD } from "./format/cipher.ts";
import type { RepositoryVersion } from "./format/config.ts";
import { encodePackHeader, MAX_PACK_ENTRY_BYTES, PACK_TRAILER_BYTES } from "./format/pack-header.ts";
import type { Repository } from "./repository.ts";
import type { BlobIndex } from "./index/blob-index.ts";
import type { BlobSet } from "./index/blob-set.ts";
import { BlobGatherer, type GatheredBlob } from "./long-blob.ts";
import { type FinishedPack, PackBuffer, type PackRest } from "./pack-buffer.ts";

/** `sample`: one blob in 16 and all trees are read back before their pack is stored; `all`: every one. */
export type VerifyWrites = "sample" | "all";

export interface PackerSettings {
  readonly masterKey: MasterKey;
  readonly version: RepositoryVersion;
  /** A pack of data is closed when it has reached this length, one of trees also at PACK_BYTES. */
  readonly packBytes: number;
  /** zstd's; only in repositories of version 2. */
  readonly level: number;
  readonly verify: VerifyWrites;
}

/** How this version stores blobs. */
export function packerSettings(
  { masterKey, config, retention }: Pick<Repository, "masterKey" | "config" | "retention">,
  verify: VerifyWrites,
): PackerSettings {
  const packBytes = retention === undefined ? PACK_BYTES : LOCKED_PACK_BYTES;
  return { masterKey, version: config.version, packBytes, level: ZSTD_LEVEL, verify };
}

export interface PackSink {
  /** An empty buffer of at least so many bytes; waits until there is one. */
  take(minBytes: number): ArrayBuffer;
  /** A buffer that is not needed any more. */
  giveBack(buffer: ArrayBuffer): void;
  store(pack: FinishedPack): void;
}

export interface PackerCounters {
  newBlobs: number;
  /** Before compression. */
  newBytes: number;
  /** As sealed. */
  storedBytes: number;
}

/** restic's target. */
export const PACK_BYTES: number = 16 << 20;
/** Under Object Lock each pack is asked for once a month to be kept for longer. Trees are read by whole packs: theirs stay short. */
export const LOCKED_PACK_BYTES: number = 64 << 20;
/** zstd's level: higher ones cost more time than they save bytes (level 3: half as fast, 3 % less). */
const ZSTD_LEVEL = 1;
/** The longest blob that shares a pack with others: the chunkers' maximum. */
export const MAX_SHARED_BLOB_BYTES: number = 8 << 20;
/** What a buffer for shared packs must hold. */
export const PACK_BUFFER_BYTES: number = packBufferBytes(PACK_BYTES);

/** Little more than a pack: one that a long blob would not fit into any more is closed a little shorter. */
export function packBufferBytes(packBytes: number): number {
  return packBytes + (1 << 20);
}

/** Blobs are spread at random over these, so that lengths in a pack say less about a file. restic does the same. */
const OPEN_PACKS = 2;
/** restic reads a header of at most 16 MiB. */
const MAX_PACK_BLOBS = 400_000;
export interface LongBlob {
  readonly write: (piece: Uint8Array) => void;
  /** Writes the id, 32 bytes, to `target`, and gives whether the blob is new. */
  readonly finish: (target: Uint8Array, at: number) => boolean;
}

const VERIFIED_SHARE = 16;
/** Drawn at a time: a call for each blob would cost as much as sealing a small one. */
const RANDOM_BYTES = 1024;
const ID_BYTES = 32;
const NONCE_BYTES = 16;

export class BlobPacker {
  readonly counters: PackerCounters = { newBlobs: 0, newBytes: 0, storedBytes: 0 };
  readonly #type: BlobType;
  readonly #settings: PackerSettings;
  /** A pack is closed when it has reached this length. */
  readonly packBytes: number;
  readonly #cipher: Cipher;
  readonly #index: BlobIndex;
  readonly #fresh: BlobSet;
  readonly #sink: PackSink;
  readonly #primitives: Primitives = primitives();
  readonly #open: (PackBuffer | undefined)[] = Array.from({ length: OPEN_PACKS }, () => undefined);
  readonly #slots = new RandomSlots();
  readonly #id = new Uint8Array(ID_BYTES);
  readonly #verifiedId = new Uint8Array(ID_BYTES);
  #sealedCopy = new Uint8Array(0);
  #plainCopy = new Uint8Array(0);

  constructor(type: BlobType, settings: PackerSettings, index: BlobIndex, fresh: BlobSet, sink: PackSink) {
    this.#type = type;
    this.#settings = settings;
    this.packBytes = type === "tree" ? Math.min(settings.packBytes, PACK_BYTES) : settings.packBytes;
    this.#cipher = new Cipher(settings.masterKey);
    this.#index = index;
    this.#fresh = fresh;
    this.#sink = sink;
  }

  /**
   * Stores a blob unless the repository has it, and writes its id, 32 bytes, to `target`.
   *
   * @returns whether it is new
   * @throws {DomainError} corrupt/memory: what was sealed is not what was given
   */
  add(plain: Uint8Array, target: Uint8Array, at: number): boolean {
    this.#primitives.sha256Into(plain, target, at);
    if (this.#index.find(this.#type, target, at) >= 0 || !this.#fresh.add(this.#type, target, at)) return false;
    this.#id.set(target.subarray(at, at + ID_BYTES));
    this.#store(plain);
    return true;
  }

  /** For a blob that is longer than MAX_SHARED_BLOB_BYTES: it comes in pieces, and is not read back. */
  addLong(): LongBlob {
    const gatherer = new BlobGatherer(this.#settings.version === 1 ? undefined : this.#settings.level);
    return {
      write: (piece) => gatherer.write(piece),
      finish: (target, at) => {
        const gathered = gatherer.finish();
        target.set(gathered.id, at);
        if (this.#index.find(this.#type, target, at) >= 0 || !this.#fresh.add(this.#type, target, at)) return false;
        this.#storeLong(gathered);
        return true;
      },
    };
  }

  /** Stores what is collected, however little, in as few packs as it fits. */
  flush(): void {
    for (const rest of this.takeRests()) this.absorb(rest);
    this.#open.forEach((pack, slot) => {
      if (pack !== undefined && pack.length > 0) this.#finish(slot, pack);
    });
  }

  /** Hands out what is collected, so that the packs of several threads can be merged. */
  takeRests(): PackRest[] {
    const filled = this.#open.filter((pack) => pack !== undefined).filter((pack) => pack.length > 0);
    this.#open.fill(undefined);
    return filled.map((pack) => pack.rest());
  }

  /** Goes on with what another packer of the same repository has collected. Its buffer belongs to this one then. */
  absorb(rest: PackRest): void {
    const slot = this.#open.findIndex(
      (pack) => pack?.hasRoomFor(rest.lengthBytes, headerBytes(pack.blobs.length + rest.blobs.length)) === true,
    );
    const pack = this.#open[slot];
    if (pack !== undefined) {
      pack.absorb(rest);
      this.#sink.giveBack(rest.buffer);
      this.#finishIfFull(slot, pack);
      return;
    }
    const free = this.#open.findIndex((open) => open === undefined);
    const taken = this.#open[Math.max(free, 0)];
    if (taken !== undefined) this.#finish(Math.max(free, 0), taken);
    const next = PackBuffer.of(rest);
    this.#open[Math.max(free, 0)] = next;
    this.#finishIfFull(Math.max(free, 0), next);
  }

  /**
   * Stores a blob as another repository of version 2 had it compressed, unless this one has it. The caller has seen that `body` unpacks to
   * `plainBytes` bytes of the hash at `ids[at]`.
   *
   * @returns whether it is new
   * @throws {DomainError} corrupt/memory
   */
  addCompressed(body: Uint8Array, plainBytes: number, ids: Uint8Array, at: number): boolean {
    if (this.#settings.version === 1) throw new RangeError("Cannot store a compressed blob in a repository of version 1");
    if (this.#index.find(this.#type, ids, at) >= 0 || !this.#fresh.add(this.#type, ids, at)) return false;
    this.#id.set(ids.subarray(at, at + ID_BYTES));
    const slot = this.#slots.next();
    const pack = this.#packFor(slot, body.length);
    pack.bytes.set(body, pack.length + NONCE_BYTES);
    this.#sealLast(slot, pack, body.length, { plainBytes, isCompressed: true });
    return true;
  }

  #store(plain: Uint8Array): void {
    const slot = this.#slots.next();
    const pack = this.#packFor(slot, plain.length);
    const bodyAt = pack.length + NONCE_BYTES;
    const shorter = this.#settings.version === 1 ? -1 : this.#compress(plain, pack.bytes.subarray(bodyAt, bodyAt + plain.length));
    if (shorter < 0) pack.bytes.set(plain, bodyAt);
    this.#sealLast(slot, pack, shorter < 0 ? plain.length : shorter, { plainBytes: plain.length, isCompressed: shorter >= 0 });
  }

  /** Seals the body that lies behind the pack's last blob, with room for the nonce, and takes it into the pack. */
  #sealLast(
    slot: number,
    pack: PackBuffer,
    bodyBytes: number,
    { plainBytes, isCompressed }: Pick<GatheredBlob, "plainBytes" | "isCompressed">,
  ): void {
    const id = this.#id.toHex() as HexId;
    const start = pack.length;
    const bodyAt = start + NONCE_BYTES;
    this.#cipher.sealInto(pack.bytes.subarray(bodyAt, bodyAt + bodyBytes), pack.bytes, start);
    const length = bodyBytes + SEAL_OVERHEAD;
    const sealed = pack.bytes.subarray(start, start + length);
    const uncompressedLength = isCompressed ? plainBytes : 0;
    pack.append(this.#type, id, length, uncompressedLength);
    if (this.#mustVerify()) this.#verify(sealed, id, uncompressedLength);
    this.#count(plainBytes, length);
    this.#finishIfFull(slot, pack);
  }

  /** In a pack of its own, beside the open ones. */
  #storeLong({ id, pieces, bodyBytes, plainBytes, isCompressed }: GatheredBlob): void {
    const length = bodyBytes + SEAL_OVERHEAD;
    const pack = new PackBuffer(this.#sink.take(length + headerBytes(1)));
    let at = NONCE_BYTES;
    for (const piece of pieces) {
      pack.bytes.set(piece, at);
      at += piece.length;
    }
    this.#cipher.sealInto(pack.bytes.subarray(NONCE_BYTES, at), pack.bytes, 0);
    pack.append(this.#type, id.toHex() as HexId, length, isCompressed ? plainBytes : 0);
    this.#count(plainBytes, length);
    this.#seal(pack);
  }

  #count(plainBytes: number, storedBytes: number): void {
    this.counters.newBlobs++;
    this.counters.newBytes += plainBytes;
    this.counters.storedBytes += storedBytes;
  }

  #finishIfFull(slot: number, pack: PackBuffer): void {
    if (pack.length >= this.packBytes || pack.blobs.length >= MAX_PACK_BLOBS) this.#finish(slot, pack);
  }

  /** Bytes written, or -1 if it would not be shorter. */
  #compress(plain: Uint8Array, output: Uint8Array): number {
    const written = this.#primitives.zstdCompressInto(plain, output, this.#settings.level);
    return written < plain.length ? written : -1;
  }

  #packFor(slot: number, plainBytes: number): PackBuffer {
    const open = this.#open[slot];
    if (open?.hasRoomFor(plainBytes, headerBytes(open.blobs.length + 1)) === true) return open;
    if (open !== undefined && open.length > 0) this.#finish(slot, open);
    const pack = new PackBuffer(this.#sink.take(plainBytes + SEAL_OVERHEAD + headerBytes(1)));
    this.#open[slot] = pack;
    return pack;
  }

  #finish(slot: number, pack: PackBuffer): void {
    this.#open[slot] = undefined;
    this.#seal(pack);
  }

  #seal(pack: PackBuffer): void {
    // Blobs may have lain here for a while: that they are still what was sealed costs little to see.
    for (const { id, offset, length } of pack.blobs) {
      if (!this.#cipher.isAuthentic(pack.bytes.subarray(offset, offset + length))) throw damagedMemory(id);
    }
    const header = encodePackHeader(pack.entries());
    const headerLength = this.#cipher.sealInto(header, pack.bytes, pack.length);
    const lengthBytes = pack.length + headerLength + PACK_TRAILER_BYTES;
    new DataView(pack.bytes.buffer).setUint32(pack.length + headerLength, headerLength, true);
    const sha256 = new Uint8Array(ID_BYTES);
    this.#primitives.sha256Into(pack.bytes.subarray(0, lengthBytes), sha256, 0);
    const { blobs } = pack;
    this.#sink.store({ id: sha256.toHex() as HexId, sha256, type: this.#type, buffer: pack.bytes.buffer, lengthBytes, blobs });
  }

  #mustVerify(): boolean {
    return this.#type === "tree" || this.#settings.verify === "all" || this.counters.newBlobs % VERIFIED_SHARE === 0;
  }

  /** Opens, unpacks and hashes again, from a copy: what is in the pack is not touched. */
  #verify(sealed: Uint8Array, id: HexId, uncompressedLength: number): void {
    this.#sealedCopy = roomFor(this.#sealedCopy, sealed.length);
    const bodyBytes = this.#cipher.openInto(sealed, this.#sealedCopy);
    let plain = this.#sealedCopy.subarray(0, bodyBytes);
    if (uncompressedLength > 0) {
      this.#plainCopy = roomFor(this.#plainCopy, uncompressedLength);
      const written = this.#primitives.zstdDecompressInto(plain, this.#plainCopy.subarray(0, uncompressedLength));
      plain = this.#plainCopy.subarray(0, written);
    }
    this.#primitives.sha256Into(plain, this.#verifiedId, 0);
    if (this.#verifiedId.toHex() !== id) throw damagedMemory(id);
  }
}

/** Which pack a blob goes into: nobody can tell from what went before. */
class RandomSlots {
  readonly #bytes = new Uint8Array(RANDOM_BYTES);
  #at = RANDOM_BYTES;

  next(): number {
    if (this.#at === RANDOM_BYTES) {
      randomFillSync(this.#bytes);
      this.#at = 0;
    }
    return (this.#bytes[this.#at++] ?? 0) % OPEN_PACKS;
  }
}

/** The most bytes that header and trailer of a pack with so many blobs take. */
function headerBytes(blobs: number): number {
  return blobs * MAX_PACK_ENTRY_BYTES + SEAL_OVERHEAD + PACK_TRAILER_BYTES;
}

function roomFor(buffer: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  return buffer.length >= bytes ? buffer : new Uint8Array(bytes);
}

function damagedMemory(id: HexId): DomainError {
  return new DomainError("corrupt", "memory", `Cannot store blob "${id}": it changed in memory between reading and sealing`, {
    hint: "Test the memory of this machine; nothing wrong was stored",
  });
}
