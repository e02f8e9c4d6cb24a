/** Asks a back end for answers that standards publish, so that one which computes something else is never used. */
import { DomainError } from "../base/errors.ts";
import type { Primitives } from "./primitives.ts";

interface KnownAnswer {
  readonly of: string;
  readonly answer: (primitives: Primitives) => Uint8Array;
  readonly expected: Uint8Array;
}

/** What NIST encrypts in its examples for AES (SP 800-38A, appendix F): four blocks. */
const NIST_PLAINTEXT = hex(`6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
                            30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710`);

const KNOWN_ANSWERS: readonly KnownAnswer[] = [
  {
    of: "SHA-256 (FIPS 180-4 example)",
    answer: ({ sha256Into }) => into(32, (out) => sha256Into(Buffer.from("abc"), out, 0)),
    expected: hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  },
  {
    of: "AES-256-CTR (SP 800-38A, F.5.5)",
    answer: ({ ctrCipher }) => {
      const cipher = ctrCipher(hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"));
      return into(64, (out) => cipher(hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), NIST_PLAINTEXT, out));
    },
    expected: hex(`601ec313775789a5b7a7f504bbf3d228 f443e3ca4d62b59aca84e990cacaf5c5
                   2b0930daa23de94ce87017ba2d84988d dfc9c58db67aada613c2dd08457941a6`),
  },
  {
    of: "AES-128-ECB (SP 800-38A, F.1.1)",
    answer: ({ aesBlocks }) => into(64, (out) => aesBlocks(hex("2b7e151628aed2a6abf7158809cf4f3c"))(NIST_PLAINTEXT, out)),
    expected: hex(`3ad77bb40d7a3660a89ecaf32466ef97 f5d3d58503b9699de785895a96fdbaaf
                   43b1cd7f598ece23881b00e3ed030688 7b0c785e27e8ad3f8223207104725dd4`),
  },
  {
    of: "Poly1305 (RFC 8439, 2.5.2)",
    answer: ({ poly1305Into }) => {
      const key = hex("85d6be7857556d337f4452fe42d506a8 0103808afb0db2fd4abff6af4149f51b");
      return into(16, (out) => poly1305Into(key, Buffer.from("Cryptographic Forum Research Group"), out, 0));
    },
    expected: hex("a8061dc1305136c6c22b8baf0c0127a9"),
  },
  {
    of: "a zstd frame",
    answer: ({ zstdDecompressInto }) => into(5, (out) => void zstdDecompressInto(hex("28b52ffd2005290000 68656c6c6f"), out)),
    expected: Buffer.from("hello"),
  },
  {
    of: "zstd there and back",
    answer: ({ zstdCompressInto, zstdDecompressInto }) => {
      const frame = Buffer.alloc(200);
      const length = zstdCompressInto(NIST_PLAINTEXT, frame, 1);
      return into(64, (out) => void zstdDecompressInto(frame.subarray(0, length), out));
    },
    expected: NIST_PLAINTEXT,
  },
];

/** @throws {DomainError} internal/primitives: an answer is wrong */
export function checkPrimitives(primitives: Primitives): void {
  const wrong = KNOWN_ANSWERS.find(({ answer, expected }) => Buffer.compare(answer(primitives), expected) !== 0);
  if (wrong === undefined) return;
  const message = `Cannot use back end "${primitives.backEnd}": it computes ${wrong.of} wrong`;
  throw new DomainError("internal", "primitives", message);
}

function into(length: number, fill: (target: Uint8Array) => void): Uint8Array {
  const target = new Uint8Array(length);
  fill(target);
  return target;
}

function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(/\s/g, ""), "hex");
}
