/** The primitives in plain Node: the same results, with a copy and a few allocations for each call. */
import { createCipheriv, createMac, createSecretKey, hash } from "node:crypto";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { AES_256_KEY_BYTES, AES_BLOCK_BYTES, POLY1305_KEY_BYTES, requireBlocks, requireLength } from "./lengths.ts";
import type { Primitives, ZstdStream } from "./primitives.ts";
import { badZstdFrame, checkZstdFrame } from "./zstd-frame.ts";

export function nodePrimitives(): Primitives {
  return {
    backEnd: "node",
    sha256Into,
    ctrCipher,
    aesBlocks,
    poly1305Into,
    zstdCompressInto,
    zstdDecompressInto,
    zstdCompressor: (level, onPiece) => gathering((data) => onPiece(zstdCompressSync(data, { params: levelParameter(level) }))),
    zstdDecompressor: (maxBytes, onPiece) => gathering((data) => onPiece(unpack(data, maxBytes))),
  };
}

function sha256Into(data: Uint8Array, target: Uint8Array, at: number): void {
  target.set(hash("sha256", data, "buffer"), at);
}

function ctrCipher(key: Uint8Array): (nonce: Uint8Array, input: Uint8Array, output: Uint8Array) => void {
  requireLength("key", key, AES_256_KEY_BYTES);
  const secret = createSecretKey(key);
  return (nonce, input, output) => {
    requireLength("nonce", nonce, AES_BLOCK_BYTES);
    requireLength("output", output, input.length);
    output.set(createCipheriv("aes-256-ctr", secret, nonce).update(input));
  };
}

function aesBlocks(key: Uint8Array): (input: Uint8Array, output: Uint8Array) => void {
  requireLength("key", key, AES_BLOCK_BYTES);
  const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  return (input, output) => {
    requireBlocks(input);
    requireLength("output", output, input.length);
    output.set(cipher.update(input));
  };
}

function poly1305Into(key: Uint8Array, data: Uint8Array, target: Uint8Array, at: number): void {
  requireLength("key", key, POLY1305_KEY_BYTES);
  target.set(createMac("poly1305", key).update(data).final(), at);
}

function zstdCompressInto(input: Uint8Array, output: Uint8Array, level: number): number {
  if (output.length === 0) return -1;
  const options = { params: levelParameter(level), pledgedSrcSize: input.length, maxOutputLength: output.length };
  try {
    const frame = zstdCompressSync(input, options);
    output.set(frame);
    return frame.length;
  } catch (error) {
    if (isCode(error, "ERR_BUFFER_TOO_LARGE")) return -1;
    throw error;
  }
}

function levelParameter(level: number): Record<number, number> {
  return { [constants.ZSTD_c_compressionLevel]: level };
}

function zstdDecompressInto(input: Uint8Array, output: Uint8Array): number {
  const plain = unpack(input, output.length);
  output.set(plain);
  return plain.length;
}

/** Node takes no limit below one byte. */
function unpack(frame: Uint8Array, maxBytes: number): Uint8Array {
  checkZstdFrame(frame);
  let plain: Uint8Array;
  try {
    plain = zstdDecompressSync(frame, { maxOutputLength: Math.max(maxBytes, 1) });
  } catch (error) {
    throw badZstdFrame(isCode(error, "ERR_BUFFER_TOO_LARGE") ? "its content is longer than expected" : "the frame is damaged");
  }
  if (plain.length > maxBytes) throw badZstdFrame("its content is longer than expected");
  return plain;
}

function gathering(process: (whole: Uint8Array) => void): ZstdStream {
  const pieces: Uint8Array[] = [];
  return {
    push: (input) => void pieces.push(Uint8Array.from(input)),
    finish: () => process(Buffer.concat(pieces.splice(0))),
    [Symbol.dispose]: () => void pieces.splice(0),
  };
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
