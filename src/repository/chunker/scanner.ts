/** The WebAssembly module of the chunkers with its memory: tables in the first page, behind them the buffer for data. */
import { SCAN_WASM } from "./scan-wasm.ts";

/** Bytes that a hash is made of, in both chunkers. */
export const WINDOW_BYTES = 64;

/** What scan.as exports: addresses in memory, both ends included; 0: no cut. */
interface Scans {
  readonly gear: (from: number, to: number, below: bigint) => number;
  readonly rabin: (from: number, to: number, mask: bigint) => number;
}

export interface Scanner extends Scans {
  readonly memory: Uint8Array;
  /** The part of the memory from {@link BUFFER_AT} on that holds data. */
  readonly buffer: Uint8Array;
}

const PAGE_BYTES = 65_536;
export const BUFFER_AT: number = PAGE_BYTES;
/** Addresses stay positive in 32 bits. */
const MAX_BUFFER_BYTES = 2 ** 31 - BUFFER_AT - 1;

/** Where scan.as looks for its tables, each of 256 little-endian 64-bit numbers. */
export const TABLES_AT = { gear: 0, reduce: 2_048, leave: 4_096 } as const;

/** Memory of a fixed size: it never grows, so its views stay valid. Throws RangeError for 2 GiB and more. */
export function openScanner(bufferBytes: number): Scanner {
  if (!(bufferBytes > 0 && bufferBytes <= MAX_BUFFER_BYTES)) throw new RangeError(`Cannot open a buffer of ${bufferBytes} bytes`);
  const pages = Math.ceil((BUFFER_AT + bufferBytes) / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.fromBase64(SCAN_WASM)), { env: { memory } });
  const { gear, rabin } = exports as unknown as Scans;
  return { gear, rabin, memory: new Uint8Array(memory.buffer), buffer: new Uint8Array(memory.buffer, BUFFER_AT, bufferBytes) };
}
