/** How Holdfast cuts files in a repository: fixed when it is made, for another way would find nothing again. */
import type { JsonFields, JsonObject } from "./json-object.ts";
import { REPOSITORY_LIMITS } from "./limits.ts";

/** A gear rolling hash. Lengths in bytes. */
export interface ChunkerParameters {
  readonly kind: "gear";
  readonly version: 1;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  /** A chunk ends at each multiple of this in a file, so that results do not depend on how many workers share it. */
  readonly forcedCut: number;
  /** 32 bytes of hex: what the table of the hash is made of. Secret, as cuts would tell what is stored. */
  readonly seed: string;
}

/** Parameters of a later Holdfast: the repository can be read, but not added to. */
export interface LaterChunker {
  readonly kind: "later";
  readonly fields: JsonFields;
}

/** The hash looks at so many bytes: a shorter chunk could not be cut by its content. */
const MIN_CHUNK_BYTES = 64;
const SEED_FORM = /^[0-9a-f]{64}$/;

/** @throws {DomainError} corrupt/config, corrupt/chunker_parameters: by the file that they are in */
export function parseChunkerParameters(fields: JsonObject): ChunkerParameters | LaterChunker {
  const [kind, version] = [fields.text("kind"), fields.count("version")];
  if (kind !== "gear" || version !== 1) return { kind: "later", fields: { kind, version, ...fields.rest() } };
  const [min, mean, max, forcedCut] = [fields.count("min"), fields.count("mean"), fields.count("max"), fields.count("forcedCut")];
  const seed = fields.text("seed");
  const areOrdered = min >= MIN_CHUNK_BYTES && min + 1 < mean && mean <= max && max <= forcedCut && max <= REPOSITORY_LIMITS.dataBlobBytes;
  if (!areOrdered || !Number.isSafeInteger(forcedCut)) throw fields.fault("the chunker's lengths do not fit together");
  if (!SEED_FORM.test(seed)) throw fields.fault("the chunker's seed is not 32 bytes of hex");
  return { kind, version, min, mean, max, forcedCut, seed };
}

export function chunkerFields(chunker: ChunkerParameters | LaterChunker): JsonFields {
  return chunker.kind === "later" ? chunker.fields : { ...chunker };
}
