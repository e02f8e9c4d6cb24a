/** Hashing, ciphers and zstd between buffers that the caller owns. */
import { type Choice, chooseBackEnd } from "./back-end.ts";
import { ffiPrimitives } from "./ffi-primitives.ts";
import { checkPrimitives } from "./known-answers.ts";
import { nodePrimitives } from "./node-primitives.ts";

/** Belongs to the thread that made it. Data may lie in shared or WebAssembly memory. */
export interface Primitives {
  readonly backEnd: "ffi" | "node";
  readonly sha256Into: (data: Uint8Array, target: Uint8Array, at: number) => void;
  /** AES-256-CTR with a key of 32 bytes and nonces of 16. The output is as long as the input, and may be the input. */
  readonly ctrCipher: (key: Uint8Array) => (nonce: Uint8Array, input: Uint8Array, output: Uint8Array) => void;
  /** AES-128-ECB with a key of 16 bytes, of any number of blocks of 16. The output is as long as the input. */
  readonly aesBlocks: (key: Uint8Array) => (input: Uint8Array, output: Uint8Array) => void;
  /** The key is r ‖ s, 32 bytes, and s must not be used for a second message. Clamps r. */
  readonly poly1305Into: (key: Uint8Array, data: Uint8Array, target: Uint8Array, at: number) => void;
  /**
   * Writes one frame with its content size and without a checksum.
   *
   * @returns bytes written, or -1 if the frame does not fit
   */
  readonly zstdCompressInto: (input: Uint8Array, output: Uint8Array, level: number) => number;
  /**
   * Unpacks the one frame that `input` is.
   *
   * @returns bytes written
   * @throws {DomainError} corrupt/zstd: not one whole frame, damaged, or longer than `output`
   */
  readonly zstdDecompressInto: (input: Uint8Array, output: Uint8Array) => number;
  /** For content that is not to be held whole. Writes one frame, which need not state its content size. */
  readonly zstdCompressor: (level: number, onPiece: PieceSink) => ZstdStream;
  /** Unpacks one frame piece by piece, at most `maxBytes` of content. */
  readonly zstdDecompressor: (maxBytes: number, onPiece: PieceSink) => ZstdStream;
}

/** Takes the next piece of a result. The piece is overwritten after the call; it must not call the stream. */
export type PieceSink = (piece: Uint8Array) => void;

/**
 * Holds memory outside of the heap until it is finished or disposed. Plain Node has no such thing that is synchronous,
 * so its back end gathers the whole and gives it as one piece at the end.
 */
export interface ZstdStream extends Disposable {
  /** @throws {DomainError} corrupt/zstd: what is unpacked is damaged, longer than allowed, or goes on behind the frame */
  readonly push: (input: Uint8Array) => void;
  /**
   * Says that nothing follows.
   *
   * @throws {DomainError} corrupt/zstd: as push(), or the frame is cut short
   */
  readonly finish: () => void;
}

let choice: Choice<Primitives> | undefined;

/**
 * The primitives of this thread: native ones that passed their check, else those of plain Node.
 *
 * @throws {DomainError} internal/primitives: not even plain Node gives the known answers
 */
export function primitives(): Primitives {
  return choose().taken;
}

/** Why this thread has to do with plain Node, if it has to. Results are the same, only slower. */
export function primitivesFallback(): string | undefined {
  return choose().fallback;
}

function choose(): Choice<Primitives> {
  choice ??= chooseBackEnd(ffiPrimitives, nodePrimitives, checkPrimitives);
  return choice;
}
