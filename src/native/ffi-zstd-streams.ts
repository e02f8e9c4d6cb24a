/** zstd piece by piece, through the zstd inside the node binary. */
import { addressOf, allocated, NativeBuffer, nativeFailure, nativeFunctions } from "./ffi.ts";
import type { PieceSink, Primitives, ZstdStream } from "./primitives.ts";
import { badZstdFrame } from "./zstd-frame.ts";

/** The largest piece: a block of zstd, ZSTD_BLOCKSIZE_MAX. */
const PIECE_BYTES = 131_072;
/** ZSTD_cParameter and ZSTD_EndDirective of zstd.h. */
const COMPRESSION_LEVEL = 100;
const CONTINUE = 0;
const END = 2;
/** How a frame starts. Without this check the decoder would take frames that it only skips, and dictionaries. */
const MAGIC_BYTES = [0x28, 0xb5, 0x2f, 0xfd];

/** Results of `int32` are negative for errors, as in ffi-primitives.ts; else they are hints, and 0 is exact. */
const FUNCTIONS = {
  ZSTD_createCCtx: { return: "pointer", arguments: [] },
  ZSTD_freeCCtx: { return: "uint64", arguments: ["pointer"] },
  ZSTD_CCtx_setParameter: { return: "int32", arguments: ["pointer", "int32", "int32"] },
  ZSTD_compressStream2: { return: "int32", arguments: ["pointer", "pointer", "pointer", "int32"] },
  ZSTD_createDCtx: { return: "pointer", arguments: [] },
  ZSTD_freeDCtx: { return: "uint64", arguments: ["pointer"] },
  ZSTD_decompressStream: { return: "int32", arguments: ["pointer", "pointer", "pointer"] },
} as const;

/** @throws {DomainError} unsupported/ffi */
export function ffiZstdStreams(): Pick<Primitives, "zstdCompressor" | "zstdDecompressor"> {
  const native = nativeFunctions(FUNCTIONS);
  const compressors = new FinalizationRegistry<bigint>((context) => void native.ZSTD_freeCCtx(context));
  const decompressors = new FinalizationRegistry<bigint>((context) => void native.ZSTD_freeDCtx(context));

  function zstdCompressor(level: number, onPiece: PieceSink): ZstdStream {
    const context = new Context(allocated(native.ZSTD_createCCtx()), compressors, native.ZSTD_freeCCtx);
    const transfer = new Transfer();
    if (native.ZSTD_CCtx_setParameter(context.address, COMPRESSION_LEVEL, level) < 0) throw nativeFailure();

    function run(input: Uint8Array, direction: number): void {
      transfer.begin();
      let rest: number;
      do {
        transfer.offer(input);
        rest = native.ZSTD_compressStream2(context.address, transfer.output, transfer.input, direction);
        if (rest < 0) throw nativeFailure();
        transfer.deliver(onPiece);
      } while (direction === END ? rest > 0 : !transfer.isUsedUp(input));
    }

    return {
      push: (input) => run(input, CONTINUE),
      finish: () => {
        run(new Uint8Array(0), END);
        context.free();
      },
      [Symbol.dispose]: () => context.free(),
    };
  }

  function zstdDecompressor(maxBytes: number, onPiece: PieceSink): ZstdStream {
    const context = new Context(allocated(native.ZSTD_createDCtx()), decompressors, native.ZSTD_freeDCtx);
    const transfer = new Transfer();
    let seenOfMagic = 0;
    let written = 0;
    let isComplete = false;

    function push(input: Uint8Array): void {
      for (const byte of input.subarray(0, MAGIC_BYTES.length - seenOfMagic))
        if (byte !== MAGIC_BYTES[seenOfMagic++]) throw badZstdFrame("no frame starts here");
      transfer.begin();
      // The last byte counts as used only when all the content has been given.
      while (!isComplete && !transfer.isUsedUp(input)) {
        transfer.offer(input);
        const rest = native.ZSTD_decompressStream(context.address, transfer.output, transfer.input);
        if (rest < 0) throw badZstdFrame("the frame is damaged");
        isComplete = rest === 0;
        written += transfer.delivered;
        if (written > maxBytes) throw badZstdFrame("its content is longer than expected");
        transfer.deliver(onPiece);
      }
      if (!transfer.isUsedUp(input)) throw badZstdFrame("bytes follow the frame");
    }

    return {
      push,
      finish: () => {
        context.free();
        if (!isComplete) throw badZstdFrame("the frame is cut short");
      },
      [Symbol.dispose]: () => context.free(),
    };
  }

  return { zstdCompressor, zstdDecompressor };
}

/** A zstd context, freed when it is no longer wanted or at the latest when it is collected. */
class Context {
  #address: bigint | undefined;
  readonly #registry: FinalizationRegistry<bigint>;
  readonly #free: (address: bigint) => unknown;

  constructor(address: bigint, registry: FinalizationRegistry<bigint>, free: (address: bigint) => unknown) {
    this.#address = address;
    this.#registry = registry;
    this.#free = free;
    registry.register(this, address, this);
  }

  /** @throws {Error} it is freed: a bug of the caller */
  get address(): bigint {
    if (this.#address === undefined) throw new Error("Cannot use zstd stream: it is finished");
    return this.#address;
  }

  free(): void {
    if (this.#address === undefined) return;
    this.#registry.unregister(this);
    this.#free(this.#address);
    this.#address = undefined;
  }
}

/** A ZSTD_outBuffer over a buffer of its own and a ZSTD_inBuffer over the caller's, each { pointer, size, position }. */
class Transfer {
  readonly #piece = new NativeBuffer(PIECE_BYTES);
  readonly #structs = new NativeBuffer(6 * BigUint64Array.BYTES_PER_ELEMENT);
  readonly #words = new BigUint64Array(this.#structs.memory);
  readonly output: bigint = this.#structs.address;
  readonly input: bigint = this.#structs.address + 24n;

  begin(): void {
    this.#words.set([this.#piece.address, BigInt(PIECE_BYTES), 0n, 0n, 0n, 0n]);
  }

  /** Names the input again for each call: a sink may have made other calls since, and only the last inputs are held. */
  offer(input: Uint8Array): void {
    this.#words[2] = 0n;
    this.#words[3] = addressOf(input);
    this.#words[4] = BigInt(input.length);
  }

  isUsedUp(input: Uint8Array): boolean {
    return this.#words[5] === BigInt(input.length);
  }

  /** Bytes that the last call gave. */
  get delivered(): number {
    return Number(this.#words[2]);
  }

  deliver(sink: PieceSink): void {
    // Not as a Buffer, whose slice() does not copy.
    if (this.delivered > 0) sink(new Uint8Array(this.#piece.memory, 0, this.delivered));
  }
}
