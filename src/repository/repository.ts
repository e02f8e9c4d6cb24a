/** An opened repository: its store, its config, and the keys to everything in it. */
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import type { CallOptions, ObjectStore } from "../storage/object-store.ts";
import { Cipher, type MasterKey } from "./format/cipher.ts";
import { type Config, parseConfig } from "./format/config.ts";
import { REPOSITORY_LIMITS } from "./format/limits.ts";
import type { RepositoryIdentity } from "./identity.ts";
import { readKeys, unlockKeys } from "./keys.ts";
import { CONFIG_KEY, IDENTITY_KEY } from "./layout.ts";
import type { RunRetention } from "./object-lock/immutability.ts";
import { candidateIdentities, openConfig, type OpenedConfig, overwrittenFinding } from "./object-lock/overwritten-files.ts";
import { recoverChunker } from "./repository-chunker.ts";
import { SealedFiles } from "./sealed-files.ts";
import { repositoryPassword, type RepositorySecret } from "./secret.ts";

export interface Repository {
  readonly store: ObjectStore;
  readonly config: Config;
  /** Absent in a repository that another tool made. */
  readonly identity: RepositoryIdentity | undefined;
  readonly masterKey: MasterKey;
  /** The key file that opened it. */
  readonly keyId: HexId;
  readonly cipher: Cipher;
  readonly files: SealedFiles;
  /** What is added is under Object Lock until then: `store` and `files` see to it. Without it nothing is. */
  readonly retention?: RunRetention | undefined;
  /** What was odd when it was opened. */
  readonly findings: readonly Finding[];
}

/**
 * @throws {DomainError} not-found/repository_not_found: no config there
 * @throws {DomainError} unauthenticated/wrong_repository_key
 * @throws {DomainError} unsupported/repository_version
 * @throws {DomainError} corrupt/config
 * @throws {DomainError} corrupt/repository_identity: which the location's key needs
 */
export async function openRepository(store: ObjectStore, secret: RepositorySecret, options: CallOptions = {}): Promise<Repository> {
  const candidates = candidateIdentities(store, options);
  const [sealedConfig, { keys, findings }, first] = await Promise.all([
    readConfig(store, options),
    readKeys(store, options),
    candidates.next(),
  ]);
  let unopened: unknown;
  for (let next = first; next.done !== true; next = await candidates.next()) {
    const { identity, isLatest, fault } = next.value;
    if (fault !== undefined && secret.kind === "location-key") throw fault;
    for await (const { id: keyId, masterKey } of unlockKeys(keys, repositoryPassword(secret, identity))) {
      const cipher = new Cipher(masterKey);
      let opened: OpenedConfig;
      try {
        opened = await openConfig(store, cipher, sealedConfig, options);
      } catch (error) {
        unopened = error;
        continue;
      }
      const { config, findings: ofChunker } = await recoverChunker(parseConfig(opened.json), { store, cipher, identity }, options);
      const files = new SealedFiles(store, cipher, config.version);
      const overwritten = [...(opened.isOverwritten ? [CONFIG_KEY] : []), ...(isLatest ? [] : [IDENTITY_KEY])].map(overwrittenFinding);
      return {
        store,
        config,
        identity,
        masterKey,
        keyId,
        cipher,
        files,
        findings: [...findings, ...ofIdentity(fault), ...overwritten, ...ofChunker],
      };
    }
  }
  if (unopened !== undefined) {
    throw new DomainError("corrupt", "config", `Cannot open repository "${store.url}": its config file is damaged`, {
      cause: unopened,
      hint: 'If its bucket keeps versions, run "holdfast repository repair undelete"',
    });
  }
  if (keys.length === 0) throw noKeys(store.url, findings);
  throw new DomainError("unauthenticated", "wrong_repository_key", `Cannot open repository "${store.url}": no key for this password`, {
    hint: [
      "Check the password, or the location's key",
      ...(findings.length === 0 ? [] : [`of ${keys.length + findings.length} key files, ${findings.length} cannot be used`]),
    ].join("; "),
  });
}

function ofIdentity(fault: DomainError | undefined): readonly Finding[] {
  return fault === undefined ? [] : [{ grade: "info", code: "identity_damaged", object: IDENTITY_KEY, message: fault.message }];
}

function noKeys(url: string, findings: readonly Finding[]): DomainError {
  const state = findings.length === 0 ? "it has no key files" : "none of its key files can be used";
  return new DomainError("corrupt", "no_usable_key", `Cannot open repository "${url}": ${state}`, {
    details: { findings: findings.map(({ object, message }) => ({ object, message })) },
    hint: "Put back the files in its folder keys from a copy of the bucket; nobody can read it without one",
  });
}

async function readConfig(store: ObjectStore, options: CallOptions): Promise<Uint8Array> {
  try {
    return await store.get(CONFIG_KEY, { ...options, maxBytes: REPOSITORY_LIMITS.configBytes });
  } catch (error) {
    // What is too long is no config; an earlier version may be.
    if (error instanceof DomainError && error.code === "storage_too_long") return new Uint8Array(0);
    if (!(error instanceof DomainError) || error.code !== "object_not_found") throw error;
    throw new DomainError("not-found", "repository_not_found", `Cannot open repository "${store.url}": there is none`, {
      hint: 'Check the address, or make one with "holdfast repository init"',
    });
  }
}
