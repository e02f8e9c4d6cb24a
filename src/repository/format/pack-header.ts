/**
 * Pack files: sealed blobs one after the other, then their list, sealed, and its sealed length as 4 bytes, little-endian.
 *
 * An entry is a type byte, the blob's sealed length, since version 2 its length before compression, and its id. Offsets are
 * not written: a blob starts where the one before it ends.
 */
import { readUint32LE, writeUint32LE } from "../../base/bytes.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { blobLengthFault, type BlobType } from "./blob.ts";
import { SEAL_OVERHEAD } from "./cipher.ts";
import { REPOSITORY_LIMITS } from "./limits.ts";

export interface PackEntry {
  readonly type: BlobType;
  readonly id: HexId;
  /** As sealed in the pack. */
  readonly length: number;
  /** Of a compressed blob, before compression; undefined for one that is stored as it is. */
  readonly uncompressedLength?: number | undefined;
}

/** An entry that was read, with the place that follows from those before it. */
export interface PlacedEntry extends PackEntry {
  readonly offset: number;
}

const TYPE_BYTES = 1;
const LENGTH_BYTES = 4;
const ID_BYTES = 32;
const PLAIN_ENTRY_BYTES = TYPE_BYTES + LENGTH_BYTES + ID_BYTES;
/** An entry of a compressed blob; that of another is shorter. */
export const MAX_PACK_ENTRY_BYTES: number = PLAIN_ENTRY_BYTES + LENGTH_BYTES;
/** The length field that ends a pack. */
export const PACK_TRAILER_BYTES = 4;

const TREE_BIT = 1;
const COMPRESSED_BIT = 2;

interface EntryKind {
  readonly type: BlobType;
  readonly isCompressed: boolean;
}

/** By type byte, as its bits say. */
const KINDS: readonly EntryKind[] = [
  { type: "data", isCompressed: false },
  { type: "tree", isCompressed: false },
  { type: "data", isCompressed: true },
  { type: "tree", isCompressed: true },
];

/** Gives the list of a pack's blobs in their order; it is to be sealed. */
export function encodePackHeader(entries: readonly PackEntry[]): Uint8Array {
  let bytes = 0;
  for (const entry of entries) bytes += entryBytes(isCompressed(entry));
  const header = new Uint8Array(bytes);
  const digits = Buffer.from(header.buffer);
  let at = 0;
  for (const entry of entries) {
    const compressed = isCompressed(entry);
    header[at] = (entry.type === "tree" ? TREE_BIT : 0) | (compressed ? COMPRESSED_BIT : 0);
    writeUint32LE(header, at + TYPE_BYTES, entry.length);
    if (entry.uncompressedLength !== undefined) writeUint32LE(header, at + TYPE_BYTES + LENGTH_BYTES, entry.uncompressedLength);
    at += entryBytes(compressed);
    digits.write(entry.id, at - ID_BYTES, ID_BYTES, "hex");
  }
  return header;
}

/**
 * Reads the length of the sealed header, trailer excluded, from the end of a pack.
 *
 * @param tail - the last bytes of the pack, 4 at least
 * @param packBytes - the length of the whole pack
 * @throws {DomainError} corrupt/pack_header: no pack has such a length
 */
export function readPackHeaderLength(tail: Uint8Array, packBytes: number): number {
  if (tail.length < PACK_TRAILER_BYTES || packBytes < PACK_TRAILER_BYTES) throw badHeader("the pack is too short");
  if (packBytes > REPOSITORY_LIMITS.packBytes) throw badHeader(`the pack is longer than ${REPOSITORY_LIMITS.packBytes} bytes`);
  const length = readUint32LE(tail, tail.length - PACK_TRAILER_BYTES);
  if (length < SEAL_OVERHEAD + PLAIN_ENTRY_BYTES) throw badHeader(`its length is given as ${length} bytes, too few for one blob`);
  if (length > REPOSITORY_LIMITS.packHeaderBytes) throw badHeader(`its length is given as ${length} bytes, more than any pack may have`);
  if (length > packBytes - PACK_TRAILER_BYTES) throw badHeader(`its length is given as ${length} bytes, but the pack has ${packBytes}`);
  return length;
}

/**
 * Reads an opened header. A blob that is listed twice is given twice.
 *
 * @param packBytes - the length of the whole pack
 * @throws {DomainError} corrupt/pack_header: cut short, of unknown types, with impossible lengths or with more blobs than the pack holds
 */
export function decodePackHeader(header: Uint8Array, packBytes: number): PlacedEntry[] {
  const entries: PlacedEntry[] = [];
  scanPackHeader(header, packBytes, (type, idAt, offset, length, uncompressedLength) => {
    const id = header.subarray(idAt, idAt + ID_BYTES).toHex() as HexId;
    entries.push(uncompressedLength === 0 ? { type, id, length, offset } : { type, id, length, uncompressedLength, offset });
  });
  return entries;
}

/** `idAt` is where the id stands in the header; an `uncompressedLength` of 0 is that of a blob that is not compressed. */
export type PackHeaderVisitor = (type: BlobType, idAt: number, offset: number, length: number, uncompressedLength: number) => void;

/** Like decodePackHeader(), and makes nothing of the blobs: a pack may hold 100,000. */
export function scanPackHeader(header: Uint8Array, packBytes: number, visit: PackHeaderVisitor): void {
  const blobBytes = packBytes - header.length - SEAL_OVERHEAD - PACK_TRAILER_BYTES;
  let offset = 0;
  for (let at = 0; at < header.length;) {
    const kind = KINDS[header[at] ?? KINDS.length];
    if (kind === undefined) throw badHeader(`a blob is of an unknown type, ${header[at]}`);
    const end = at + entryBytes(kind.isCompressed);
    if (end > header.length) throw badHeader("its last entry is cut short");
    const length = readUint32LE(header, at + TYPE_BYTES);
    const uncompressedLength = kind.isCompressed ? readUint32LE(header, at + TYPE_BYTES + LENGTH_BYTES) : undefined;
    const fault = blobLengthFault(kind.type, length, uncompressedLength);
    if (fault !== undefined) throw badHeader(`it lists ${fault}`);
    if (offset + length > blobBytes) throw badHeader("it lists more than the pack holds");
    visit(kind.type, end - ID_BYTES, offset, length, uncompressedLength ?? 0);
    offset += length;
    at = end;
  }
}

function isCompressed(entry: PackEntry): boolean {
  return entry.uncompressedLength !== undefined;
}

function entryBytes(compressed: boolean): number {
  return compressed ? MAX_PACK_ENTRY_BYTES : PLAIN_ENTRY_BYTES;
}

function badHeader(state: string): DomainError {
  return new DomainError("corrupt", "pack_header", `Cannot read the header of a pack: ${state}`);
}
