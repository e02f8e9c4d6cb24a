/** Writes a blob to its places on a disk, and takes care that zeros take up no room there. Synchronous. */
import { readSync, writeSync } from "node:fs";

/** The unit of most file systems. */
const BLOCK_BYTES = 4096;
/** Shorter runs of zeros are written with what surrounds them: to look at what is there would take longer. */
const MIN_RUN_BYTES = 64 << 10;
const STEP_BYTES = 1 << 20;
const ZEROS = Buffer.alloc(STEP_BYTES);
const found = Buffer.alloc(STEP_BYTES);

/** @param isBlank what is not written reads as zeros already */
export function writeBlob(fd: number, content: Uint8Array, places: readonly number[], isBlank: boolean): void {
  // The blob of zeros may have a hundred thousand places.
  if (isZero(content, 0, content.length)) {
    if (!isBlank) for (const place of places) clear(fd, place, place + content.length);
    return;
  }
  for (const place of places) writeAround(fd, content, place, isBlank);
}

function writeAround(fd: number, content: Uint8Array, place: number, isBlank: boolean): void {
  const minZeros = isBlank ? BLOCK_BYTES : MIN_RUN_BYTES;
  for (let from = 0; from < content.length;) {
    const dataTo = dataUntil(content, from, place, minZeros);
    writeAll(fd, content.subarray(from, dataTo), place + from);
    from = zerosUntil(content, dataTo, place);
    if (!isBlank) clear(fd, place + dataTo, place + from);
  }
}

/** Up to where a run of at least so many zeros begins. */
function dataUntil(content: Uint8Array, from: number, place: number, minZeros: number): number {
  let zerosFrom = from;
  for (let at = from; at < content.length;) {
    const end = blockEnd(content, at, place);
    if (!isZero(content, at, end)) zerosFrom = end;
    else if (end - zerosFrom >= minZeros) return zerosFrom;
    at = end;
  }
  return content.length;
}

function zerosUntil(content: Uint8Array, from: number, place: number): number {
  let at = from;
  while (at < content.length) {
    const end = blockEnd(content, at, place);
    if (!isZero(content, at, end)) break;
    at = end;
  }
  return at;
}

/** Of the disk's block that a byte lies in. */
function blockEnd(content: Uint8Array, at: number, place: number): number {
  return Math.min(at + BLOCK_BYTES - ((place + at) % BLOCK_BYTES), content.length);
}

/** Zeros are written only where something else is: a disk that gives out room as it is written to keeps it. */
function clear(fd: number, from: number, to: number): void {
  for (let at = from; at < to;) {
    const got = readSync(fd, found, 0, Math.min(STEP_BYTES, to - at), at);
    if (got === 0) throw Object.assign(new Error("the disk ends before"), { code: "EIO", syscall: "read" });
    if (!isZero(found, 0, got)) writeAll(fd, ZEROS.subarray(0, got), at);
    at += got;
  }
}

function writeAll(fd: number, content: Uint8Array, at: number): void {
  for (let from = 0; from < content.length;) from += writeSync(fd, content, from, content.length - from, at + from);
}

function isZero(content: Uint8Array, from: number, to: number): boolean {
  // Nearly always decided by the ends.
  if (content[from] !== 0 || content[to - 1] !== 0) return from === to;
  for (let at = from; at < to; at += STEP_BYTES) {
    const length = Math.min(STEP_BYTES, to - at);
    if (!ZEROS.subarray(0, length).equals(content.subarray(at, at + length))) return false;
  }
  return true;
}
