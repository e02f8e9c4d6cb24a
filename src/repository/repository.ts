/** An opened repository: its store, its config, and the keys to everything in it. */
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import type { CallOptions, ObjectStore } from "../storage/object-store.ts";
import { Cipher, type MasterKey } from "./format/cipher.ts";
import { type Config, parseConfig } from "./format/config.ts";
import type { RepositoryIdentity } from "./identity.ts";
import { readKeys, readSpareKeys, type StoredKey, unlockKeys } from "./keys.ts";
import { CONFIG_KEY, keyOfFile } from "./layout.ts";
import type { RunRetention } from "./object-lock/immutability.ts";
import { candidateIdentities, type CandidateIdentity, openConfig, type OpenedConfig } from "./object-lock/overwritten-files.ts";
import { recoverChunker } from "./repository-chunker.ts";
import { SealedFiles } from "./sealed-files.ts";
import { locationKeyWithoutSalt, repositoryPassword, type RepositorySecret } from "./secret.ts";
import { readAccessFile, readSpare, spareUsed } from "./spares.ts";

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
  let saltless: DomainError | undefined;
  let isTried = false;
  let usableKeys = 0;
  for await (const attempt of attempts(store, { keys, first, candidates }, options)) {
    const { identity } = attempt;
    if (identity === undefined && secret.kind === "location-key") {
      saltless = attempt.fault ?? locationKeyWithoutSalt();
      continue;
    }
    isTried = true;
    usableKeys = Math.max(usableKeys, attempt.keys.length);
    for await (const { id: keyId, masterKey } of unlockKeys(attempt.keys, repositoryPassword(secret, identity))) {
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
      const ofKey = attempt.areSpares ? [spareUsed(keyOfFile("keys", keyId))] : [];
      return {
        store,
        config,
        identity,
        masterKey,
        keyId,
        cipher,
        files,
        findings: [...findings, ...ofKey, ...opened.findings, ...attempt.findings, ...ofChunker],
      };
    }
  }
  if (unopened !== undefined) {
    throw new DomainError("corrupt", "config", `Cannot open repository "${store.url}": its config file is damaged`, {
      cause: unopened,
      hint: 'If its bucket keeps versions, run "holdfast repository repair undelete"',
    });
  }
  if (!isTried && saltless !== undefined) throw saltless;
  if (usableKeys === 0) throw noKeys(store.url, findings);
  throw new DomainError("unauthenticated", "wrong_repository_key", `Cannot open repository "${store.url}": no key for this password`, {
    hint: [
      "Check the password, or the location's key",
      ...(findings.length === 0 ? [] : [`of ${keys.length + findings.length} key files, ${findings.length} cannot be used`]),
    ].join("; "),
  });
}

interface Attempt extends CandidateIdentity {
  readonly keys: readonly StoredKey[];
  readonly areSpares: boolean;
}

interface AttemptParts {
  readonly keys: readonly StoredKey[];
  readonly candidates: AsyncGenerator<CandidateIdentity, void, undefined>;
  /** Of the candidates. */
  readonly first: IteratorResult<CandidateIdentity, void>;
}

/** The key files with each identity that may be the right one; after that, in vain, the spares of those that cannot be used. */
async function* attempts(
  store: ObjectStore,
  { keys, candidates, first }: AttemptParts,
  options: CallOptions,
): AsyncGenerator<Attempt, void, undefined> {
  const tried: CandidateIdentity[] = [];
  for (let next = first; next.done !== true; next = await candidates.next()) {
    tried.push(next.value);
    yield { ...next.value, keys, areSpares: false };
  }
  const spares = await readSpareKeys(store, keys, options);
  if (spares.length > 0) for (const candidate of tried) yield { ...candidate, keys: spares, areSpares: true };
}

function noKeys(url: string, findings: readonly Finding[]): DomainError {
  const state = findings.length === 0 ? "it has no key files" : "none of its key files can be used";
  return new DomainError("corrupt", "no_usable_key", `Cannot open repository "${url}": ${state}`, {
    details: { findings: findings.map(({ object, message }) => ({ object, message })) },
    hint: "Put back the files in its folder keys from a copy of the bucket; nobody can read it without one",
  });
}

/** Empty: it is lost or too long, and there is a spare, or an earlier version may do. */
async function readConfig(store: ObjectStore, options: CallOptions): Promise<Uint8Array> {
  const sealed = await readAccessFile(store, CONFIG_KEY, options);
  if (sealed !== undefined) return sealed;
  if ((await readSpare(store, CONFIG_KEY, options)) !== undefined) return new Uint8Array(0);
  throw new DomainError("not-found", "repository_not_found", `Cannot open repository "${store.url}": there is none`, {
    hint: 'Check the address, or make one with "holdfast repository init"',
  });
}
