/**
 * Holdfast's own cuts, version 1. A chunk of length L ends where the hash of its last 64 bytes is below 2^64 / (mean - min), for the
 * first L of at least `min`, else at `max`. The hash of bytes b[0] … b[63] is the sum of G[b[i]] · 2^(63 - i), modulo 2^64.
 *
 * G are 256 little-endian 64-bit numbers: HKDF-SHA-256 of the seed, without salt. On random bytes chunks have the mean's length.
 */
import { hkdfSync, randomBytes } from "node:crypto";
import type { RandomBytes } from "../../base/ids.ts";
import type { ChunkerParameters } from "../format/chunker-parameters.ts";
import { WINDOW_BYTES } from "./scanner.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;
const SEED_BYTES = 32;
const TABLE_LABEL = "holdfast chunker gear v1";
const TABLE_BYTES = 256 * 8;

/** What a new repository gets. Measured on program files: after changes less is new than with restic's cuts, in fewer chunks. */
export function newGearParameters(random: RandomBytes = randomBytes): ChunkerParameters {
  const seed = random(SEED_BYTES).toHex();
  return { kind: "gear", version: 1, min: 512 * KIB, mean: MIB, max: 8 * MIB, forcedCut: 256 * MIB, seed };
}

/** The table G, as it lies in memory. */
export function gearTable({ seed }: Pick<ChunkerParameters, "seed">): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", Uint8Array.fromHex(seed), "", TABLE_LABEL, TABLE_BYTES));
}

/** Hashes below it cut. Throws RangeError if the lengths do not fit together. */
export function gearThreshold({ min, mean, max }: Pick<ChunkerParameters, "min" | "mean" | "max">): bigint {
  if (!(min >= WINDOW_BYTES && mean > min + 1 && max >= mean)) {
    throw new RangeError(`Cannot cut into chunks of ${min} to ${max} bytes with a mean of ${mean}`);
  }
  return 2n ** 64n / BigInt(mean - min);
}
