/** The twins of the WebAssembly code: both kinds of cuts written down as they are defined, in BigInt, for any lengths from 64 bytes on. */
import type { ChunkerParameters } from "../../format/chunker-parameters.ts";
import { gearTable } from "../gear.ts";

const WINDOW = 64;

interface Lengths {
  readonly min: number;
  readonly max: number;
}

interface Hash {
  /** The hash of the 64 bytes that end with `entering`, from that of the 64 before, which begin with `leaving`. */
  readonly roll: (hash: bigint, entering: number, leaving: number) => bigint;
  readonly cuts: (hash: bigint) => boolean;
}

/** Lengths of the chunks of a whole file. */
export function referenceGear(parameters: ChunkerParameters, data: Uint8Array): number[] {
  const table = new BigUint64Array(gearTable(parameters).buffer);
  const below = 2n ** 64n / BigInt(parameters.mean - parameters.min);
  // What left the window has been shifted out.
  const roll = (hash: bigint, entering: number) => BigInt.asUintN(64, (hash << 1n) + (table[entering] ?? 0n));
  return chunks(data, parameters, { roll, cuts: (hash) => hash < below });
}

/** The same for restic's way, with lengths and mask of the caller's choice. */
export function referenceRabin(
  { polynomial, mask, ...lengths }: { polynomial: bigint; mask: bigint } & Lengths,
  data: Uint8Array,
): number[] {
  const degree = polynomial.toString(2).length - 1;
  const append = (hash: bigint, byte: number) => {
    let rest = (hash << 8n) | BigInt(byte);
    for (let bit = 7; bit >= 0; bit--) if (((rest >> BigInt(degree + bit)) & 1n) === 1n) rest ^= polynomial << BigInt(bit);
    return rest;
  };
  const gone = Array.from({ length: 256 }, (_, byte) => new Uint8Array(WINDOW).reduce(append, BigInt(byte)));
  const roll = (hash: bigint, entering: number, leaving: number) => append(hash, entering) ^ (gone[leaving] ?? 0n);
  return chunks(data, lengths, { roll, cuts: (hash) => (hash & mask) === 0n });
}

function chunks(data: Uint8Array, { min, max }: Lengths, { roll, cuts }: Hash): number[] {
  const lengths: number[] = [];
  for (let start = 0; start < data.length;) {
    const rest = data.subarray(start, start + max);
    let length = Math.min(min, rest.length);
    let hash = rest.subarray(Math.max(0, length - WINDOW), length).reduce((before, byte) => roll(before, byte, 0), 0n);
    while (length < rest.length && !cuts(hash)) {
      hash = roll(hash, rest[length] ?? 0, rest[length - WINDOW] ?? 0);
      length++;
    }
    lengths.push(length);
    start += length;
  }
  return lengths;
}
