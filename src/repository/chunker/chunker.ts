/** Cuts data into chunks whose ends depend on content only, so that what is moved within a file is found again. */
import type { ChunkerParameters } from "../format/chunker-parameters.ts";
import { gearTable, gearThreshold } from "./gear.ts";
import { RABIN_MASK, RABIN_MAX_BYTES, RABIN_MIN_BYTES, rabinTables } from "./rabin.ts";
import { BUFFER_AT, openScanner, TABLES_AT } from "./scanner.ts";

/** How a repository that restic made cuts. There are no forced cuts. */
export interface RabinSpec {
  readonly kind: "rabin";
  /** Of degree 53. */
  readonly polynomial: bigint;
}

export type ChunkerSpec = ChunkerParameters | RabinSpec;

export interface Chunker {
  /** The chunker's own memory, for data to be cut: files are read straight into it. */
  readonly buffer: Uint8Array;
  /** Only the last chunk may be shorter. */
  readonly minBytes: number;
  readonly maxBytes: number;
  /**
   * Length of the chunk that begins at `from`, of what lies in `buffer` up to `to`. `last`: nothing follows there in the file, or
   * nothing before the next forced cut, which is the caller's to make. 0: the chunk does not end in what is there, or there is nothing.
   * Never 0 if there are `maxBytes`, or at least one byte and `last`.
   *
   * Remembers nothing: whoever asks again with a little more data has it searched again from the beginning. Throws RangeError outside
   * the buffer.
   */
  next(from: number, to: number, last: boolean): number;
}

/** A chunker for one thread, with a buffer of that many bytes, or of `maxBytes` if they are more. Throws RangeError for an impossible spec. */
export function openChunker(spec: ChunkerSpec, bufferBytes: number): Chunker {
  return spec.kind === "gear" ? openGear(spec, bufferBytes) : openRabin(spec, bufferBytes);
}

function openGear(parameters: ChunkerParameters, bufferBytes: number): Chunker {
  const below = gearThreshold(parameters);
  const { gear, memory, buffer } = openScanner(Math.max(bufferBytes, parameters.max));
  memory.set(gearTable(parameters), TABLES_AT.gear);
  return new ScanningChunker(buffer, { min: parameters.min, max: parameters.max }, (from, to) => gear(from, to, below));
}

function openRabin({ polynomial }: RabinSpec, bufferBytes: number): Chunker {
  const { reduce, leave } = rabinTables(polynomial);
  const { rabin, memory, buffer } = openScanner(Math.max(bufferBytes, RABIN_MAX_BYTES));
  memory.set(new Uint8Array(reduce.buffer), TABLES_AT.reduce);
  memory.set(new Uint8Array(leave.buffer), TABLES_AT.leave);
  return new ScanningChunker(buffer, { min: RABIN_MIN_BYTES, max: RABIN_MAX_BYTES }, (from, to) => rabin(from, to, RABIN_MASK));
}

class ScanningChunker implements Chunker {
  readonly buffer: Uint8Array;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** The first address of both and between where the content asks for a cut, or 0. */
  readonly #scan: (from: number, to: number) => number;

  constructor(buffer: Uint8Array, { min, max }: { min: number; max: number }, scan: (from: number, to: number) => number) {
    this.buffer = buffer;
    this.minBytes = min;
    this.maxBytes = max;
    this.#scan = scan;
  }

  next(from: number, to: number, last: boolean): number {
    if (!(from >= 0 && from <= to && to <= this.buffer.length)) {
      throw new RangeError(`Cannot cut from ${from} to ${to} in a buffer of ${this.buffer.length} bytes`);
    }
    const length = Math.min(to - from, this.maxBytes);
    const start = BUFFER_AT + from;
    const cut = length < this.minBytes ? 0 : this.#scan(start + this.minBytes, start + length);
    if (cut !== 0) return cut - start;
    return last || length === this.maxBytes ? length : 0;
  }
}
