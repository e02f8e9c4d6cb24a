/** Makes a repository. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import { randomHexId, type RandomBytes } from "../base/ids.ts";
import type { CallOptions, ObjectStore } from "../storage/object-store.ts";
import { newGearParameters } from "./chunker/gear.ts";
import { Cipher } from "./format/cipher.ts";
import { type Config, type RepositoryVersion, serializeConfig } from "./format/config.ts";
import { CHOSEN_PASSWORD_PARAMETERS, RANDOM_PASSWORD_PARAMETERS, randomMasterKey } from "./format/key-file.ts";
import { randomChunkerPolynomial } from "./format/polynomial.ts";
import { newIdentity, writeIdentity } from "./identity.ts";
import { addKey, type KeyOwner } from "./keys.ts";
import { CHUNKER_KEY, CONFIG_KEY } from "./layout.ts";
import { openRepository, type Repository } from "./repository.ts";
import { repositoryPassword, type RepositorySecret } from "./secret.ts";

export interface InitOptions extends CallOptions {
  readonly secret: RepositorySecret;
  readonly owner: KeyOwner;
  readonly clock: Clock;
  readonly version?: RepositoryVersion;
  /** Cuts files where another repository does, so that copies between the two store nothing twice. */
  readonly chunkerFrom?: Pick<Config, "chunker" | "chunkerPolynomial"> | undefined;
  readonly random?: RandomBytes;
}

/**
 * Writes the config last: until then there is no repository, and a second init goes on where a killed one stopped.
 *
 * @throws {DomainError} conflict/repository_exists
 */
export async function initRepository(store: ObjectStore, options: InitOptions): Promise<Repository> {
  const { secret, owner, clock, signal, version = 2, chunkerFrom, random = randomBytes } = options;
  await refuseExisting(store, { signal });
  const identity = await writeIdentity(store, newIdentity(random), { signal });
  const masterKey = randomMasterKey(random);
  const cipher = new Cipher(masterKey);
  const chunker = chunkerFrom === undefined ? newGearParameters(random) : chunkerFrom.chunker;
  const config: Config = {
    version,
    id: randomHexId(random),
    chunkerPolynomial: chunkerFrom?.chunkerPolynomial ?? randomChunkerPolynomial(random),
    ...(chunker === undefined ? {} : { chunker }),
    otherFields: {},
  };
  const password = repositoryPassword(secret, identity);
  const parameters = secret.kind === "location-key" ? RANDOM_PASSWORD_PARAMETERS : CHOSEN_PASSWORD_PARAMETERS;
  await addKey(store, masterKey, { password, parameters, owner }, clock, { signal });
  if (chunker !== undefined) await store.put(CHUNKER_KEY, cipher.seal(Buffer.from(JSON.stringify(chunker))), { signal });
  try {
    await store.put(CONFIG_KEY, cipher.seal(serializeConfig(config)), { ifAbsent: true, signal });
  } catch (error) {
    throw error instanceof DomainError && error.code === "object_exists" ? repositoryExists(store) : error;
  }
  return openRepository(store, secret, { signal });
}

async function refuseExisting(store: ObjectStore, options: CallOptions): Promise<void> {
  try {
    await store.info(CONFIG_KEY, options);
  } catch (error) {
    if (error instanceof DomainError && error.code === "object_not_found") return;
    throw error;
  }
  throw repositoryExists(store);
}

function repositoryExists(store: ObjectStore): DomainError {
  return new DomainError("conflict", "repository_exists", `Cannot make a repository in "${store.url}": there is one already`, {
    hint: "Use it, or give another address",
  });
}
