/**
 * A hash table in shared memory from 256-bit ids to a few words, that only grows: the heart of BlobIndex and BlobSet.
 *
 * Threads insert and look up at the same time without locks. An entry is taken by counting up, filled, then published by a
 * compare-and-exchange of its bucket's head; from then on it never changes. Entries lie in one growable buffer, whose bytes never
 * move. Each thread has a view of fixed length and makes a longer one when it meets an entry beyond: views that follow the
 * length of a growable buffer are 20 times slower.
 */
import { DomainError } from "../../base/errors.ts";

/** What another thread needs to attach; can be posted to it. */
export interface SharedIdTable {
  readonly counters: SharedArrayBuffer;
  readonly buckets: SharedArrayBuffer;
  readonly entries: SharedArrayBuffer;
  readonly entryWords: number;
  readonly hashKey: readonly [number, number];
}

export interface IdTableOptions {
  /** Sets the number of buckets; with many more entries than that, lookups become slower in proportion. */
  readonly expectedEntries: number;
  /** 32-bit words an entry carries beside its id and its tag. */
  readonly payloadWords: 0 | 3;
}

export const ID_BYTES = 32;

/** Entry numbers begin here: 0 is the end of a chain. */
const FIRST_ENTRY = 1;
/** 134 million; with 13 words each, 7 GB of address space are reserved. */
const MAX_ENTRIES = 2 ** 27;
const MAX_BUCKETS = 2 ** 27;
/** Memory is committed in steps of this size; what is not touched is not resident. */
const GROW_BYTES = 16 * 1024 * 1024;
/** Most entries of one id. Each insertion compares with all of them, which a hostile index could make take for ever. */
const MAX_ENTRIES_OF_ID = 256;
const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;

/** Words of an entry: id, number of the next entry of the bucket, tag, payload. */
const ID_WORDS = ID_BYTES / WORD_BYTES;
const NEXT = ID_WORDS;
const TAG = NEXT + 1;
const PAYLOAD = TAG + 1;
/** Set in the tag of every entry that was or is about to be published; an entry in reserve has 0. */
const PUBLISHED = 0x8000_0000 | 0;
/** Tags are 31 bits. */
export const MAX_TAG = 0x7fff_ffff;

/** Counters: entries taken, and those of them which threads hold in reserve. */
const TAKEN = 0;
const RESERVED = 1;

export class IdTable {
  readonly shared: SharedIdTable;
  readonly #entryWords: number;
  readonly #counters: Int32Array;
  readonly #buckets: Int32Array;
  readonly #bucketShift: number;
  readonly #hashKey0: number;
  readonly #hashKey1: number;
  /** What this thread sees of the entries. */
  #words: Int32Array;
  #entriesInView: number;
  /** An entry that this thread took and then did not need. */
  #reserve = 0;

  private constructor(shared: SharedIdTable) {
    this.shared = shared;
    this.#entryWords = shared.entryWords;
    this.#counters = new Int32Array(shared.counters);
    this.#buckets = new Int32Array(shared.buckets);
    this.#bucketShift = 32 - Math.log2(this.#buckets.length);
    [this.#hashKey0, this.#hashKey1] = shared.hashKey;
    this.#words = new Int32Array(shared.entries, 0, Math.floor(shared.entries.byteLength / WORD_BYTES));
    this.#entriesInView = Math.floor(this.#words.length / this.#entryWords);
  }

  static create({ expectedEntries, payloadWords }: IdTableOptions): IdTable {
    const entryWords = PAYLOAD + payloadWords;
    const entryBytes = entryWords * WORD_BYTES;
    const bucketCount = 2 ** Math.ceil(Math.log2(Math.min(Math.max(expectedEntries, 2), MAX_BUCKETS)));
    const [hashKey0 = 0, hashKey1 = 0] = crypto.getRandomValues(new Int32Array(2));
    return new IdTable({
      counters: new SharedArrayBuffer(2 * WORD_BYTES),
      buckets: new SharedArrayBuffer(bucketCount * WORD_BYTES),
      entries: new SharedArrayBuffer(GROW_BYTES, { maxByteLength: (FIRST_ENTRY + MAX_ENTRIES) * entryBytes }),
      entryWords,
      hashKey: [hashKey0 | 1, hashKey1 | 1],
    });
  }

  static attach(shared: SharedIdTable): IdTable {
    return new IdTable(shared);
  }

  /** Number of entries. */
  get size(): number {
    return Atomics.load(this.#counters, TAKEN) - Atomics.load(this.#counters, RESERVED);
  }

  /**
   * Inserts an entry, unless one with the same id, tag and payload is there, or MAX_ENTRIES_OF_ID with the same id. The tag is at
   * most MAX_TAG; a table without payload ignores the one given.
   *
   * @returns its number; negative: the number of the one that was there
   * @throws {DomainError} unsupported/index_too_large: there are 134 million entries
   */
  insert(ids: Uint8Array, at: number, tag: number, payload0: number, payload1: number, payload2: number): number {
    const bucket = this.#bucketOf(wordAt(ids, at), wordAt(ids, at + WORD_BYTES));
    let entry = 0;
    let compared = 0;
    let sameId = 0;
    let head = Atomics.load(this.#buckets, bucket);
    while (true) {
      for (let other = head; other !== compared; other = this.#word(other, NEXT)) {
        if (!this.#hasId(other, ids, at)) continue;
        sameId++;
        if (sameId === MAX_ENTRIES_OF_ID || this.#carries(other, tag, payload0, payload1, payload2)) {
          if (entry !== 0) this.#keepInReserve(entry);
          return -other;
        }
      }
      if (entry === 0) {
        entry = this.#take();
        this.#fill(entry, ids, at, tag, payload0, payload1, payload2);
      }
      this.#words[entry * this.#entryWords + NEXT] = head;
      const found = Atomics.compareExchange(this.#buckets, bucket, head, entry);
      if (found === head) return entry;
      compared = head;
      head = found;
    }
  }

  /** The number of an entry with that id whose tag has the bits `tag` under `tagMask`; -1 if there is none. */
  find(ids: Uint8Array, at: number, tag: number, tagMask: number): number {
    const word0 = wordAt(ids, at);
    const word1 = wordAt(ids, at + WORD_BYTES);
    let entry = Atomics.load(this.#buckets, this.#bucketOf(word0, word1));
    while (entry !== 0) {
      this.#show(entry);
      const base = entry * this.#entryWords;
      const words = this.#words;
      if (words[base] === word0 && words[base + 1] === word1 && this.#hasTag(entry, tag, tagMask) && this.#hasId(entry, ids, at)) {
        return entry;
      }
      entry = words[base + NEXT] as number;
    }
    return -1;
  }

  /** Another entry with the same id as `entry` and matching tag; each once, -1 behind the last. */
  findNext(entry: number, tag: number, tagMask: number): number {
    for (let other = this.#word(entry, NEXT); other !== 0; other = this.#word(other, NEXT)) {
      if (this.#hasTag(other, tag, tagMask) && this.#hasSameId(other, entry)) return other;
    }
    return -1;
  }

  tagOf(entry: number): number {
    return this.#word(entry, TAG) & MAX_TAG;
  }

  /** A payload word, unsigned. */
  payloadOf(entry: number, index: 0 | 1 | 2): number {
    return this.#word(entry, PAYLOAD + index) >>> 0;
  }

  /** Writes the 32 bytes of an entry's id. */
  idInto(entry: number, target: Uint8Array, at: number): void {
    for (let index = 0; index < ID_WORDS; index++) {
      const word = this.#word(entry, index);
      const place = at + index * WORD_BYTES;
      target[place] = word;
      target[place + 1] = word >>> 8;
      target[place + 2] = word >>> 16;
      target[place + 3] = word >>> 24;
    }
  }

  /** Numbers of all entries, in the order of memory. No thread may be inserting meanwhile. */
  *entries(): Generator<number, void, undefined> {
    const taken = Atomics.load(this.#counters, TAKEN);
    for (let entry = FIRST_ENTRY; entry < FIRST_ENTRY + taken; entry++) {
      if (this.#word(entry, TAG) !== 0) yield entry;
    }
  }

  /**
   * Multiply-shift over the first 64 bits of the id, with a secret of this process: who chooses contents can choose the bits of
   * their ids, but not which ids share a bucket.
   */
  #bucketOf(word0: number, word1: number): number {
    return (Math.imul(word0, this.#hashKey0) + Math.imul(word1, this.#hashKey1)) >>> this.#bucketShift;
  }

  #word(entry: number, index: number): number {
    this.#show(entry);
    return this.#words[entry * this.#entryWords + index] as number;
  }

  /** Makes sure that this thread's view reaches `entry`. */
  #show(entry: number): void {
    if (entry >= this.#entriesInView) this.#extendView(entry);
  }

  #extendView(entry: number): void {
    const { entries } = this.shared;
    const entryBytes = this.#entryWords * WORD_BYTES;
    const needed = (entry + 1) * entryBytes;
    if (entries.byteLength < needed) growTo(entries, needed);
    this.#words = new Int32Array(entries, 0, Math.floor(entries.byteLength / WORD_BYTES));
    this.#entriesInView = Math.floor(this.#words.length / this.#entryWords);
  }

  #take(): number {
    const reserve = this.#reserve;
    if (reserve !== 0) {
      this.#reserve = 0;
      Atomics.sub(this.#counters, RESERVED, 1);
      return reserve;
    }
    const index = Atomics.add(this.#counters, TAKEN, 1);
    if (index >= MAX_ENTRIES) {
      Atomics.sub(this.#counters, TAKEN, 1);
      throw new DomainError("unsupported", "index_too_large", `Cannot index blobs: there are more than ${MAX_ENTRIES}`);
    }
    return FIRST_ENTRY + index;
  }

  #keepInReserve(entry: number): void {
    this.#words[entry * this.#entryWords + TAG] = 0;
    this.#reserve = entry;
    Atomics.add(this.#counters, RESERVED, 1);
  }

  #fill(entry: number, ids: Uint8Array, at: number, tag: number, payload0: number, payload1: number, payload2: number): void {
    this.#show(entry);
    const words = this.#words;
    const base = entry * this.#entryWords;
    for (let index = 0; index < ID_WORDS; index++) words[base + index] = wordAt(ids, at + index * WORD_BYTES);
    words[base + TAG] = tag | PUBLISHED;
    if (this.#entryWords === PAYLOAD) return;
    words[base + PAYLOAD] = payload0;
    words[base + PAYLOAD + 1] = payload1;
    words[base + PAYLOAD + 2] = payload2;
  }

  #hasId(entry: number, ids: Uint8Array, at: number): boolean {
    this.#show(entry);
    const base = entry * this.#entryWords;
    const words = this.#words;
    for (let index = 0; index < ID_WORDS; index++) {
      if (words[base + index] !== wordAt(ids, at + index * WORD_BYTES)) return false;
    }
    return true;
  }

  #hasTag(entry: number, tag: number, tagMask: number): boolean {
    return ((this.#word(entry, TAG) ^ tag) & tagMask) === 0;
  }

  #carries(entry: number, tag: number, payload0: number, payload1: number, payload2: number): boolean {
    if (!this.#hasTag(entry, tag, MAX_TAG)) return false;
    if (this.#entryWords === PAYLOAD) return true;
    const words = this.#words;
    const at = entry * this.#entryWords + PAYLOAD;
    return words[at] === (payload0 | 0) && words[at + 1] === (payload1 | 0) && words[at + 2] === (payload2 | 0);
  }

  #hasSameId(entry: number, other: number): boolean {
    for (let index = 0; index < ID_WORDS; index++) {
      if (this.#word(entry, index) !== this.#word(other, index)) return false;
    }
    return true;
  }
}

/** Little-endian and signed, at any alignment. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
}

/** Makes a buffer long enough, whoever else does so at the same time. */
function growTo(buffer: SharedArrayBuffer, neededBytes: number): void {
  const target = Math.min(Math.ceil(neededBytes / GROW_BYTES) * GROW_BYTES, buffer.maxByteLength);
  try {
    buffer.grow(target);
  } catch (cause) {
    const grownFurtherMeanwhile = buffer.byteLength >= neededBytes;
    if (grownFurtherMeanwhile) return;
    throw new DomainError("unavailable", "out_of_memory", "Cannot index blobs: no memory left", { cause });
  }
}
