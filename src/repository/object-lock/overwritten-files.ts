/** What a repository is opened with, also when somebody has put something else over it. */
import type { CallOptions, ObjectKey, ObjectStore } from "../../storage/object-store.ts";
import { DomainError } from "../../base/errors.ts";
import type { Finding } from "../../base/finding.ts";
import type { Cipher } from "../format/cipher.ts";
import { parseIdentity, readIdentity, type RepositoryIdentity } from "../identity.ts";
import { CONFIG_KEY, IDENTITY_KEY } from "../layout.ts";
import { historyOf } from "./history.ts";
import { findRightVersion } from "./right-version.ts";

export interface OpenedConfig {
  readonly json: Uint8Array;
  /** Something else was put over it. */
  readonly isOverwritten: boolean;
}

/**
 * Opens the config; should the repository's key not have sealed it, the oldest that it did.
 *
 * @throws {DomainError} corrupt/unauthentic
 */
export async function openConfig(store: ObjectStore, cipher: Cipher, sealed: Uint8Array, options: CallOptions): Promise<OpenedConfig> {
  try {
    return { json: cipher.open(sealed), isOverwritten: false };
  } catch (error) {
    const older = await findBytes(store, CONFIG_KEY, (bytes) => succeeds(() => cipher.open(bytes)), options);
    if (older === undefined) throw error;
    return { json: cipher.open(older), isOverwritten: true };
  }
}

export interface CandidateIdentity {
  readonly identity: RepositoryIdentity | undefined;
  readonly isLatest: boolean;
  /** Why there is none, where there should be one: the repository opens with a password of its own only. */
  readonly fault?: DomainError;
}

/**
 * The identity that is there; then, should it be none, or not open the repository, the oldest that the store keeps: an identity is
 * written once.
 */
export async function* candidateIdentities(store: ObjectStore, options: CallOptions): AsyncGenerator<CandidateIdentity, void, undefined> {
  let latest: RepositoryIdentity | undefined;
  let fault: DomainError | undefined;
  try {
    latest = await readIdentity(store, options);
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
    fault = error;
  }
  if (fault === undefined) yield { identity: latest, isLatest: true };
  const isRight = (bytes: Uint8Array): boolean => succeeds(() => parseIdentity(bytes, store.url));
  const bytes = await findBytes(store, IDENTITY_KEY, isRight, options);
  if (bytes === undefined && fault !== undefined) yield { identity: undefined, isLatest: true, fault };
  const oldest = bytes === undefined ? undefined : parseIdentity(bytes, store.url);
  if (oldest !== undefined && oldest.id !== latest?.id) yield { identity: oldest, isLatest: false };
}

async function findBytes(
  { versions }: ObjectStore,
  key: ObjectKey,
  isRight: (bytes: Uint8Array) => boolean,
  options: CallOptions,
): Promise<Uint8Array | undefined> {
  if (versions === undefined) return undefined;
  return (await findRightVersion(versions, await historyOf(versions, key, options), { ...options, isRight }))?.bytes;
}

function succeeds(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

export function overwrittenFinding(key: ObjectKey): Finding {
  const message = `Somebody put other bytes over "${key}": read from the versions that the store keeps`;
  return { grade: "critical", code: "object_overwritten", object: key, message };
}
