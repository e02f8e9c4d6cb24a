/** The outside of a zstd frame (RFC 8878, section 3.1), read without unpacking it. */
import { DomainError } from "../base/errors.ts";

type FrameState =
  | "no frame starts here"
  | "the frame is cut short"
  | "bytes follow the frame"
  | "the frame is damaged"
  | "the frame wants a dictionary"
  | "a block is of an unknown type"
  | "its content is longer than expected";

const MAGIC = 0xfd2fb528;
const BLOCK_HEADER_BYTES = 3;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;
const CHECKSUM_BYTES = 4;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
/** A content size of two bytes counts from here. */
const TWO_BYTE_BASE = 256;

/**
 * Checks that `data` is one whole frame and nothing else, without a dictionary.
 *
 * @returns the content size in bytes that the frame states, undefined if it states none
 * @throws {DomainError} corrupt/zstd
 */
export function checkZstdFrame(data: Uint8Array): number | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  try {
    if (view.getUint32(0, true) !== MAGIC) throw badZstdFrame("no frame starts here");
    const descriptor = view.getUint8(4);
    if (dictionaryIdBytes(descriptor) > 0) throw badZstdFrame("the frame wants a dictionary");
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const sizeAt = isSingleSegment ? 5 : 6;
    const sizeBytes = isSingleSegment && descriptor < 0x40 ? 1 : (CONTENT_SIZE_BYTES[descriptor >> 6] ?? 0);
    const end = endOfBlocks(view, sizeAt + sizeBytes) + ((descriptor & 4) === 0 ? 0 : CHECKSUM_BYTES);
    if (end !== data.byteLength) throw badZstdFrame(end > data.byteLength ? "the frame is cut short" : "bytes follow the frame");
    return contentSize(view, sizeAt, sizeBytes);
  } catch (error) {
    if (error instanceof RangeError) throw badZstdFrame("the frame is cut short");
    throw error;
  }
}

export function badZstdFrame(state: FrameState): DomainError {
  return new DomainError("corrupt", "zstd", `Cannot unpack zstd frame: ${state}`);
}

function dictionaryIdBytes(descriptor: number): number {
  return DICTIONARY_ID_BYTES[descriptor & 3] ?? 0;
}

function contentSize(view: DataView, at: number, bytes: number): number | undefined {
  switch (bytes) {
    case 0:
      return undefined;
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + TWO_BYTE_BASE;
    case 4:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

function endOfBlocks(view: DataView, from: number): number {
  for (let at = from; ;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const type = (header >> 1) & 3;
    if (type === RESERVED_BLOCK) throw badZstdFrame("a block is of an unknown type");
    at += BLOCK_HEADER_BYTES + (type === RLE_BLOCK ? 1 : header >> 3);
    if ((header & 1) !== 0) return at;
  }
}
