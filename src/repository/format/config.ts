/** The `config` of a repository: sealed plain JSON, the one file whose name is not its hash. restic reads past fields it does not know. */
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { chunkerFields, type ChunkerParameters, type LaterChunker, parseChunkerParameters } from "./chunker-parameters.ts";
import { encodeJson, type JsonFields, JsonObject } from "./json-object.ts";
import { isChunkerPolynomial } from "./polynomial.ts";

/** 2 has compression, 1 has not. */
export type RepositoryVersion = 1 | 2;

export interface Config {
  readonly version: RepositoryVersion;
  /** Random. Caches go by it. */
  readonly id: HexId;
  /** What restic cuts files with. */
  readonly chunkerPolynomial: bigint;
  /** What Holdfast cuts files with; without it, it does as restic. */
  readonly chunker?: ChunkerParameters | LaterChunker | undefined;
  /** Fields that neither knows. */
  readonly otherFields: JsonFields;
}

const POLYNOMIAL_FORM = /^[0-9a-fA-F]{1,16}$/;

/**
 * @throws {DomainError} unsupported/repository_version: made for a later version of restic's format
 * @throws {DomainError} corrupt/config
 */
export function parseConfig(json: Uint8Array): Config {
  const fields = JsonObject.parse(json, "config");
  const version = parseVersion(fields);
  const id = fields.requiredId("id");
  const chunkerPolynomial = parsePolynomial(fields);
  const { chunker, rest } = parseHoldfast(fields.object("holdfast"));
  return { version, id, chunkerPolynomial, chunker, otherFields: { ...fields.rest(), ...rest } };
}

/** Gives the JSON; it is to be sealed as it is. */
export function serializeConfig({ version, id, chunkerPolynomial, chunker, otherFields }: Config): Uint8Array {
  const { holdfast: otherOfHoldfast, ...others } = otherFields;
  const holdfast = {
    ...(otherOfHoldfast as JsonFields | undefined),
    ...(chunker === undefined ? {} : { chunker: chunkerFields(chunker) }),
  };
  const isOurs = Object.keys(holdfast).length > 0;
  return encodeJson({ version, id, chunker_polynomial: chunkerPolynomial.toString(16), ...others, ...(isOurs ? { holdfast } : {}) });
}

function parseVersion(fields: JsonObject): RepositoryVersion {
  const version = fields.count("version");
  if (version === 1 || version === 2) return version;
  if (version === 0) throw fields.fault('field "version" is missing');
  throw new DomainError("unsupported", "repository_version", `Cannot open repository: it has version ${version} of the format`, {
    details: { version, newest: 2 },
    hint: "Use a Holdfast that knows this version; this one reads versions 1 and 2",
  });
}

function parsePolynomial(fields: JsonObject): bigint {
  const text = fields.text("chunker_polynomial");
  const polynomial = POLYNOMIAL_FORM.test(text) ? BigInt(`0x${text}`) : 0n;
  if (isChunkerPolynomial(polynomial)) return polynomial;
  throw fields.fault('field "chunker_polynomial" is not an irreducible polynomial of degree 53');
}

function parseHoldfast(fields: JsonObject | undefined): { chunker?: ChunkerParameters | LaterChunker | undefined; rest: JsonFields } {
  const chunkerObject = fields?.object("chunker");
  const others = fields?.rest() ?? {};
  const rest = Object.keys(others).length > 0 ? { holdfast: others } : {};
  return { chunker: chunkerObject && parseChunkerParameters(chunkerObject), rest };
}
