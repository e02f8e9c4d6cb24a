/**
 * How the image of a disk lies in a snapshot: `manifest.json`, and `image/<n>/<n>` for each part, from 000000 on. A part is a file in a
 * folder of its own, whose tree holds the ids of all its blobs: what changes in one part rewrites the tree of that part alone. Names sort
 * as numbers do, so that the parts in the order of their names are the disk.
 *
 * Version 1, frozen. Everything in it is a function of the disk's content: equal disks have equal trees.
 */
import type { ByteString } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";

export interface ImageLayout {
  /** Length of the disk. */
  readonly bytes: number;
  /** Of each part; the last one may be shorter. */
  readonly partBytes: number;
}

export interface ImagePart {
  /** From 0. */
  readonly number: number;
  /** Of its folder, and of the file in it. */
  readonly name: ByteString;
  /** Where it begins on the disk, and where it ends. */
  readonly from: number;
  readonly to: number;
}

export const IMAGE_FOLDER = "image" as ByteString;
export const MANIFEST_NAME = "manifest.json" as ByteString;
/** What parts have that this version writes; no version may have longer ones. */
export const PART_BYTES: number = 2 ** 30;
const NAME_DIGITS = 6;
const MAX_PARTS = 10 ** NAME_DIGITS;
/** 976 TiB. */
export const MAX_IMAGE_BYTES: number = MAX_PARTS * PART_BYTES;

/** As this version writes it. @throws {DomainError} unsupported/image_too_large */
export function layoutOf(bytes: number): ImageLayout {
  if (bytes <= MAX_IMAGE_BYTES) return { bytes, partBytes: PART_BYTES };
  throw new DomainError("unsupported", "image_too_large", `Cannot store an image of ${bytes} bytes: ${MAX_IMAGE_BYTES} are the most`);
}

export function partCount({ bytes, partBytes }: ImageLayout): number {
  return Math.ceil(bytes / partBytes);
}

/** Whether its parts can be named. */
export function isPossible(layout: ImageLayout): boolean {
  return partCount(layout) <= MAX_PARTS;
}

export function* partsOf(layout: ImageLayout): Generator<ImagePart, void, undefined> {
  const { bytes, partBytes } = layout;
  for (let number = 0; number < partCount(layout); number++) {
    const from = number * partBytes;
    yield { number, name: String(number).padStart(NAME_DIGITS, "0") as ByteString, from, to: Math.min(from + partBytes, bytes) };
  }
}
