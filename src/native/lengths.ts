/** Lengths of keys, blocks and results in bytes, and the checks that both back ends make before they work. */

export const SHA256_BYTES = 32;
export const AES_BLOCK_BYTES = 16;
export const AES_256_KEY_BYTES = 32;
export const POLY1305_BYTES = 16;
export const POLY1305_KEY_BYTES = 32;

/** @throws {RangeError} a bug of the caller */
export function requireLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`Cannot use ${name} of ${bytes.length} bytes: it must have ${length}`);
}

/** @throws {RangeError} a bug of the caller */
export function requireBlocks(bytes: Uint8Array): void {
  if (bytes.length % AES_BLOCK_BYTES !== 0) throw new RangeError(`Cannot encrypt ${bytes.length} bytes: not whole blocks of AES`);
}
