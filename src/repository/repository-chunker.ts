/** How files are cut in a repository: as it says itself, or else as restic does. */
import { DomainError } from "../base/errors.ts";
import { REPOSITORY_LIMITS } from "./format/limits.ts";
import type { Finding } from "../base/finding.ts";
import type { CallOptions, ObjectStore } from "../storage/object-store.ts";
import type { ChunkerSpec } from "./chunker/chunker.ts";
import { type ChunkerParameters, type LaterChunker, parseChunkerParameters } from "./format/chunker-parameters.ts";
import type { Config } from "./format/config.ts";
import { JsonObject } from "./format/json-object.ts";
import { CHUNKER_KEY } from "./layout.ts";
import type { Repository } from "./repository.ts";

export interface CutRepository {
  readonly config: Pick<Config, "chunker" | "chunkerPolynomial">;
  readonly store: Pick<ObjectStore, "url">;
}

/** What nobody can cut with: it can be read, but not added to. */
const UNKNOWN_CHUNKER: LaterChunker = { kind: "later", fields: {} };

/**
 * @throws {DomainError} unsupported/chunker_version: the repository can be read, but not added to, since a later Holdfast made it or its
 *   parameters are lost
 */
export function chunkerOf({ config, store }: CutRepository): ChunkerSpec {
  const { chunker, chunkerPolynomial } = config;
  if (chunker === undefined) return { kind: "rabin", polynomial: chunkerPolynomial };
  if (chunker.kind === "gear") return chunker;
  const isLost = chunker === UNKNOWN_CHUNKER;
  const state = isLost ? "how it cuts files is lost" : "a newer version made it";
  throw new DomainError("unsupported", "chunker_version", `Cannot add to repository "${store.url}": ${state}`, {
    hint: isLost ? `Put the right "${CHUNKER_KEY}" back, or copy into a new repository` : "Use a newer Holdfast",
  });
}

/**
 * Looks for the parameters in their second place if the config of a repository of ours has none: `restic migrate` drops the field. Damage
 * there is a finding, since it stops nobody who only reads.
 */
export async function recoverChunker(
  config: Config,
  { store, cipher, identity }: Pick<Repository, "store" | "cipher" | "identity">,
  options: CallOptions,
): Promise<{ readonly config: Config; readonly findings: readonly Finding[] }> {
  if (config.chunker !== undefined || identity === undefined) return { config, findings: [] };
  try {
    const chunker = await readChunker({ store, cipher }, options);
    if (chunker === undefined) return { config, findings: [] };
    const message = `Cannot find the chunker in "config": another program wrote it anew; taken from "${CHUNKER_KEY}"`;
    return { config: { ...config, chunker }, findings: [{ grade: "info", code: "chunker_recovered", object: "config", message }] };
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
    const message = `Cannot tell how files are cut: "config" does not say, and "${CHUNKER_KEY}" is damaged`;
    const finding: Finding = { grade: "critical", code: "chunker_damaged", object: CHUNKER_KEY, message };
    return { config: { ...config, chunker: UNKNOWN_CHUNKER }, findings: [finding] };
  }
}

/** undefined: it has none, as with the cuts of restic. */
async function readChunker(
  { store, cipher }: Pick<Repository, "store" | "cipher">,
  options: CallOptions,
): Promise<ChunkerParameters | LaterChunker | undefined> {
  let sealed: Uint8Array;
  try {
    sealed = await store.get(CHUNKER_KEY, { ...options, maxBytes: REPOSITORY_LIMITS.configBytes });
  } catch (error) {
    if (error instanceof DomainError && error.code === "object_not_found") return undefined;
    throw error;
  }
  return parseChunkerParameters(JsonObject.parse(cipher.open(sealed), "chunker parameters"));
}
