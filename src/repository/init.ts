/** Makes a repository. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import { type HexId, randomHexId, type RandomBytes } from "../base/ids.ts";
import type { CallOptions, ObjectStore } from "../storage/object-store.ts";
import { newGearParameters } from "./chunker/gear.ts";
import { chunkerFields } from "./format/chunker-parameters.ts";
import { Cipher, type MasterKey } from "./format/cipher.ts";
import { type Config, type RepositoryVersion, serializeConfig } from "./format/config.ts";
import { CHOSEN_PASSWORD_PARAMETERS, RANDOM_PASSWORD_PARAMETERS, randomMasterKey } from "./format/key-file.ts";
import { randomChunkerPolynomial } from "./format/polynomial.ts";
import { newIdentity, writeIdentity } from "./identity.ts";
import { addKey, deleteKey, type KeyOwner, readKeys, unlockKeys } from "./keys.ts";
import { CHUNKER_KEY, CONFIG_KEY, spareOf } from "./layout.ts";
import { retaining } from "./object-lock/immutability.ts";
import { changeSettings } from "./object-lock/settings.ts";
import { datesOf } from "./object-lock/under-retention.ts";
import { chunkerOf } from "./repository-chunker.ts";
import { openRepository, type Repository } from "./repository.ts";
import { listFiles, SealedFiles } from "./sealed-files.ts";
import { repositoryPassword, type RepositorySecret } from "./secret.ts";
import { putWithSpare } from "./spares.ts";

export interface InitOptions extends CallOptions {
  readonly secret: RepositorySecret;
  readonly owner: KeyOwner;
  readonly clock: Clock;
  readonly version?: RepositoryVersion;
  /** Cuts files where another repository does, so that copies between the two store nothing twice. */
  readonly chunkerFrom?: Pick<Config, "chunker" | "chunkerPolynomial"> | undefined;
  /** Puts everything under Object Lock for so long, from the first file on; only on a store that has it. @default 0 */
  readonly retentionMs?: number;
  readonly random?: RandomBytes;
}

/**
 * Writes the config last: until then there is no repository, and a second init goes on where a killed one stopped. It takes the master key
 * that the first left under the same password, for restic opens a repository with the first key file that a password fits.
 *
 * @throws {DomainError} conflict/repository_exists
 * @throws {DomainError} conflict/config_missing: there are snapshots, of a repository that lost its config
 * @throws {DomainError} unsupported/chunker_version: `chunkerFrom` cuts as this version cannot
 */
export async function initRepository(given: ObjectStore, options: InitOptions): Promise<Repository> {
  const { secret, clock, signal, version = 2, chunkerFrom, retentionMs = 0, random = randomBytes } = options;
  const store = retentionMs === 0 ? given : retaining(given, datesOf(retentionMs, clock));
  await refuseExisting(store, { signal });
  const identity = await writeIdentity(store, newIdentity(random), { signal });
  const spec = chunkerFrom === undefined ? newGearParameters(random) : chunkerOf({ config: chunkerFrom, store });
  const chunker = spec.kind === "gear" ? spec : undefined;
  const config: Config = {
    version,
    id: randomHexId(random),
    chunkerPolynomial: chunkerFrom?.chunkerPolynomial ?? randomChunkerPolynomial(random),
    chunker,
    otherFields: {},
  };
  const key = await leaveKey(store, repositoryPassword(secret, identity), options);
  const cipher = new Cipher(key.masterKey);
  const writeChunker = async (): Promise<void> => {
    if (chunker !== undefined) await store.put(CHUNKER_KEY, cipher.seal(Buffer.from(JSON.stringify(chunkerFields(chunker)))), { signal });
  };
  await writeChunker();
  if (retentionMs > 0) await changeSettings(new SealedFiles(store, cipher, version), { retentionMs }, { clock, signal });
  try {
    await putWithSpare(store, CONFIG_KEY, cipher.seal(serializeConfig(config)), { ifAbsent: true, signal });
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "object_exists") throw error;
    // Who came first shall not be left with a key file that does not open its config.
    if (key.added !== undefined) await deleteKey(store, key.added, { clock, signal });
    throw repositoryExists(store);
  }
  // Who came second may have written its own meanwhile.
  await writeChunker();
  return openRepository(store, secret, { signal });
}

interface LeftKey {
  readonly masterKey: MasterKey;
  /** undefined: it was there. */
  readonly added: HexId | undefined;
}

async function leaveKey(store: ObjectStore, password: string, { secret, owner, clock, signal, random }: InitOptions): Promise<LeftKey> {
  const { keys } = await readKeys(store, { signal });
  for await (const { masterKey } of unlockKeys(keys, password)) return { masterKey, added: undefined };
  const masterKey = randomMasterKey(random);
  const parameters = secret.kind === "location-key" ? RANDOM_PASSWORD_PARAMETERS : CHOSEN_PASSWORD_PARAMETERS;
  return { masterKey, added: await addKey(store, masterKey, { password, parameters, owner }, clock, { signal }) };
}

async function refuseExisting(store: ObjectStore, options: CallOptions): Promise<void> {
  for (const config of [CONFIG_KEY, spareOf(CONFIG_KEY)]) {
    for await (const { key } of store.list(config, options)) if (key === config) throw repositoryExists(store);
  }
  for await (const { id } of listFiles(store, "snapshots", options)) {
    throw new DomainError("conflict", "config_missing", `Cannot make a repository in "${store.url}": there is one that lost its config`, {
      details: { snapshot: id },
      hint: 'If its bucket keeps versions, run "holdfast repository repair undelete", otherwise give another address',
    });
  }
}

function repositoryExists(store: ObjectStore): DomainError {
  return new DomainError("conflict", "repository_exists", `Cannot make a repository in "${store.url}": there is one already`, {
    hint: "Use it, or give another address",
  });
}
