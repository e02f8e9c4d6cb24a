/** Ids: types that cannot be mixed up, and the two forms that are made at random. */
import { randomBytes } from "node:crypto";
import type { Clock } from "./clock.ts";
import { DomainError } from "./errors.ts";

declare const brand: unique symbol;

/** A `T` that only the functions which check it can make. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** 26 characters of Crockford's base 32: 48 bits of time in milliseconds, 80 random bits. Sorts by time. */
export type Ulid = Brand<string, "Ulid">;

/** 64 lower-case hex digits, 256 bits: the form of every id in a repository. */
export type HexId = Brand<string, "HexId">;

/** Gives that many random bytes. */
export type RandomBytes = (length: number) => Uint8Array;

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** The first digit holds three bits only: 26 digits are 130 bits, a ULID has 128. */
const ULID_FORM = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const HEX_ID_FORM = /^[0-9a-f]{64}$/;
const ULID_RANDOM_BITS = 80n;
const HEX_ID_BYTES = 32;

/** Makes ULIDs that rise strictly, also within a millisecond and when the clock goes back. */
export class UlidSource {
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  #last = -1n;

  constructor(clock: Clock, random: RandomBytes = randomBytes) {
    this.#clock = clock;
    this.#random = random;
  }

  next(): Ulid {
    const randomBits = BigInt(`0x${this.#random(Number(ULID_RANDOM_BITS) / 8).toHex()}`);
    const fresh = (BigInt(this.#clock.now()) << ULID_RANDOM_BITS) | randomBits;
    const sameMoment = fresh >> ULID_RANDOM_BITS <= this.#last >> ULID_RANDOM_BITS;
    this.#last = sameMoment ? this.#last + 1n : fresh;
    return encodeUlid(this.#last);
  }
}

/**
 * Reads a ULID in either case.
 *
 * @throws {DomainError} usage/ulid
 */
export function parseUlid(text: string): Ulid {
  const upper = text.toUpperCase();
  if (!ULID_FORM.test(upper)) throw new DomainError("usage", "ulid", `Cannot read id "${text}": not a ULID of 26 characters`);
  return upper as Ulid;
}

/** The moment a ULID was made, milliseconds since 1970. */
export function ulidTime(id: Ulid): number {
  const timeDigits = id.slice(0, 10);
  return Array.from(timeDigits).reduce((time, digit) => time * CROCKFORD.length + CROCKFORD.indexOf(digit), 0);
}

export function randomHexId(random: RandomBytes = randomBytes): HexId {
  return random(HEX_ID_BYTES).toHex() as HexId;
}

/** @throws {DomainError} usage/hex_id */
export function parseHexId(text: string): HexId {
  if (!HEX_ID_FORM.test(text)) throw new DomainError("usage", "hex_id", `Cannot read id "${text}": not 64 lower-case hex digits`);
  return text as HexId;
}

function encodeUlid(value: bigint): Ulid {
  const digits: string[] = [];
  for (let rest = value; digits.length < 26; rest >>= 5n) digits.push(CROCKFORD.charAt(Number(rest & 31n)));
  return digits.toReversed().join("") as Ulid;
}
