/** Bytes and their text forms. Writing hex is built in: `bytes.toHex()`. */
import { timingSafeEqual } from "node:crypto";
import { DomainError } from "./errors.ts";

/** @throws {DomainError} usage/hex: a digit missing, or not a hex digit */
export function parseHex(text: string): Uint8Array {
  try {
    return Uint8Array.fromHex(text);
  } catch (cause) {
    throw new DomainError("usage", "hex", "Cannot read bytes: not pairs of hex digits", { cause });
  }
}

/** URL-safe alphabet, no padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Reads what toBase64Url() writes, and no other text for the same bytes.
 *
 * @throws {DomainError} usage/base64url
 */
export function parseBase64Url(text: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (bytes === undefined || toBase64Url(bytes) !== text) {
    throw new DomainError("usage", "base64url", "Cannot read bytes: not base64url without padding");
  }
  return bytes;
}

/** Compares in a time that depends on the lengths only: for MACs and tokens. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A new array with all parts one after the other. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An unsigned 32-bit little-endian integer, as pack headers have them. Throws RangeError past the end. */
export function readUint32LE(bytes: Uint8Array, at: number): number {
  requirePlace(bytes, at);
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

/** Writes the 4 bytes at `at`. Throws RangeError past the end or when the value does not fit. */
export function writeUint32LE(bytes: Uint8Array, at: number, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new RangeError(`Cannot write an unsigned 32-bit integer: value is ${value}`);
  }
  requirePlace(bytes, at);
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function requirePlace(bytes: Uint8Array, at: number): void {
  if (!(at >= 0 && at + 4 <= bytes.length)) throw new RangeError(`Cannot reach 4 bytes at ${at}: there are ${bytes.length}`);
}

function fromBase64Url(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  } catch {
    return undefined;
  }
}
