/** The primitives through the OpenSSL and zstd inside the node binary: no copies, no streams, no garbage but addresses. */
import { addressOf, allocated, MAX_NATIVE_BYTES, NativeBuffer, nativeFailure, nativeFunctions } from "./ffi.ts";
import { ffiZstdStreams } from "./ffi-zstd-streams.ts";
import {
  AES_256_KEY_BYTES,
  AES_BLOCK_BYTES,
  POLY1305_BYTES,
  POLY1305_KEY_BYTES,
  requireBlocks,
  requireLength,
  SHA256_BYTES,
} from "./lengths.ts";
import type { Primitives } from "./primitives.ts";
import { badZstdFrame, checkZstdFrame } from "./zstd-frame.ts";

/** Of SHA256_CTX, which is 112. */
const SHA256_STATE_BYTES = 128;
/** `(size_t)-70`, seen as a signed number of 32 bits: ZSTD_error_dstSize_tooSmall of zstd_errors.h. */
const ZSTD_TOO_SMALL = -70;

/** Lengths returned as `int32` are below 2^31, and zstd's error codes negative: inputs and outputs are limited to that. */
const FUNCTIONS = {
  SHA256_Init: { return: "int32", arguments: ["pointer"] },
  SHA256_Update: { return: "int32", arguments: ["pointer", "pointer", "uint64"] },
  SHA256_Final: { return: "int32", arguments: ["pointer", "pointer"] },
  Poly1305_ctx_size: { return: "uint64", arguments: [] },
  Poly1305_Init: { return: "void", arguments: ["pointer", "pointer"] },
  Poly1305_Update: { return: "void", arguments: ["pointer", "pointer", "uint64"] },
  Poly1305_Final: { return: "void", arguments: ["pointer", "pointer"] },
  EVP_aes_128_ecb: { return: "pointer", arguments: [] },
  EVP_aes_256_ctr: { return: "pointer", arguments: [] },
  EVP_CIPHER_CTX_new: { return: "pointer", arguments: [] },
  EVP_CIPHER_CTX_free: { return: "void", arguments: ["pointer"] },
  EVP_EncryptInit_ex: { return: "int32", arguments: ["pointer", "pointer", "pointer", "pointer", "pointer"] },
  EVP_EncryptUpdate: { return: "int32", arguments: ["pointer", "pointer", "pointer", "pointer", "int32"] },
  ZSTD_createCCtx: { return: "pointer", arguments: [] },
  ZSTD_createDCtx: { return: "pointer", arguments: [] },
  ZSTD_compressCCtx: { return: "int32", arguments: ["pointer", "pointer", "uint64", "pointer", "uint64", "int32"] },
  ZSTD_decompressDCtx: { return: "int32", arguments: ["pointer", "pointer", "uint64", "pointer", "uint64"] },
} as const;

/** @throws {DomainError} unsupported/ffi */
export function ffiPrimitives(): Primitives {
  const native = nativeFunctions(FUNCTIONS);
  const digest = new NativeBuffer(SHA256_BYTES);
  const sha256State = new NativeBuffer(SHA256_STATE_BYTES);
  const poly1305State = new NativeBuffer(Number(native.Poly1305_ctx_size()));
  const written = new NativeBuffer(Int32Array.BYTES_PER_ELEMENT);
  const writtenLength = new Int32Array(written.memory);
  // The two zstd contexts live as long as the thread.
  const compressor = allocated(native.ZSTD_createCCtx());
  const decompressor = allocated(native.ZSTD_createDCtx());
  const ciphers = new FinalizationRegistry<bigint>((context) => native.EVP_CIPHER_CTX_free(context));

  function sha256Into(data: Uint8Array, target: Uint8Array, at: number): void {
    native.SHA256_Init(sha256State.address);
    native.SHA256_Update(sha256State.address, addressOf(data), BigInt(data.length));
    native.SHA256_Final(digest.address, sha256State.address);
    target.set(digest.bytes, at);
  }

  function poly1305Into(key: Uint8Array, data: Uint8Array, target: Uint8Array, at: number): void {
    requireLength("key", key, POLY1305_KEY_BYTES);
    native.Poly1305_Init(poly1305State.address, addressOf(key));
    native.Poly1305_Update(poly1305State.address, addressOf(data), BigInt(data.length));
    native.Poly1305_Final(poly1305State.address, digest.address);
    target.set(digest.bytes.subarray(0, POLY1305_BYTES), at);
  }

  /** A context with its key, freed, and so wiped, when `owner` is collected. */
  function cipherContext(owner: object, algorithm: bigint, key: Uint8Array): bigint {
    const context = allocated(native.EVP_CIPHER_CTX_new());
    ciphers.register(owner, context);
    requireSuccess(native.EVP_EncryptInit_ex(context, algorithm, null, addressOf(key), null));
    return context;
  }

  function update(context: bigint, input: Uint8Array, output: Uint8Array): void {
    requireLength("output", output, input.length);
    if (input.length > MAX_NATIVE_BYTES) throw new RangeError(`Cannot encrypt ${input.length} bytes: at most ${MAX_NATIVE_BYTES} at once`);
    requireSuccess(native.EVP_EncryptUpdate(context, addressOf(output), written.address, addressOf(input), input.length));
    if (writtenLength[0] !== input.length) throw nativeFailure();
  }

  function ctrCipher(key: Uint8Array): (nonce: Uint8Array, input: Uint8Array, output: Uint8Array) => void {
    requireLength("key", key, AES_256_KEY_BYTES);
    const cipher = (nonce: Uint8Array, input: Uint8Array, output: Uint8Array): void => {
      requireLength("nonce", nonce, AES_BLOCK_BYTES);
      requireSuccess(native.EVP_EncryptInit_ex(context, null, null, null, addressOf(nonce)));
      update(context, input, output);
    };
    const context = cipherContext(cipher, native.EVP_aes_256_ctr(), key);
    return cipher;
  }

  function aesBlocks(key: Uint8Array): (input: Uint8Array, output: Uint8Array) => void {
    requireLength("key", key, AES_BLOCK_BYTES);
    const cipher = (input: Uint8Array, output: Uint8Array): void => {
      requireBlocks(input);
      update(context, input, output);
    };
    const context = cipherContext(cipher, native.EVP_aes_128_ecb(), key);
    return cipher;
  }

  function zstdCompressInto(input: Uint8Array, output: Uint8Array, level: number): number {
    const room = BigInt(Math.min(output.length, MAX_NATIVE_BYTES));
    const length = native.ZSTD_compressCCtx(compressor, addressOf(output), room, addressOf(input), BigInt(input.length), level);
    if (length === ZSTD_TOO_SMALL) return -1;
    if (length < 0) throw nativeFailure();
    return length;
  }

  function zstdDecompressInto(input: Uint8Array, output: Uint8Array): number {
    checkZstdFrame(input);
    const room = BigInt(Math.min(output.length, MAX_NATIVE_BYTES));
    const length = native.ZSTD_decompressDCtx(decompressor, addressOf(output), room, addressOf(input), BigInt(input.length));
    if (length === ZSTD_TOO_SMALL) throw badZstdFrame("its content is longer than expected");
    if (length < 0) throw badZstdFrame("the frame is damaged");
    return length;
  }

  return { backEnd: "ffi", sha256Into, ctrCipher, aesBlocks, poly1305Into, zstdCompressInto, zstdDecompressInto, ...ffiZstdStreams() };
}

function requireSuccess(result: number): void {
  if (result !== 1) throw nativeFailure();
}
