/** What a repository is opened with, also when somebody has put something else over it, or it is lost or damaged. */
import type { CallOptions, ObjectKey, ObjectStore } from "../../storage/object-store.ts";
import { DomainError } from "../../base/errors.ts";
import type { Finding } from "../../base/finding.ts";
import type { Cipher } from "../format/cipher.ts";
import { parseIdentity, readIdentity, type RepositoryIdentity } from "../identity.ts";
import { CONFIG_KEY, IDENTITY_KEY } from "../layout.ts";
import { readSpare, spareUsed } from "../spares.ts";
import { historyOf } from "./history.ts";
import { findRightVersion } from "./right-version.ts";

export interface OpenedConfig {
  readonly json: Uint8Array;
  /** Told if it is not from the file that is there. */
  readonly findings: readonly Finding[];
}

/**
 * Opens the config; should the repository's key not have sealed it, the oldest that it did, or else the spare.
 *
 * @throws {DomainError} corrupt/unauthentic
 */
export async function openConfig(store: ObjectStore, cipher: Cipher, sealed: Uint8Array, options: CallOptions): Promise<OpenedConfig> {
  try {
    return { json: cipher.open(sealed), findings: [] };
  } catch (error) {
    const older = await findBytes(store, CONFIG_KEY, (bytes) => succeeds(() => cipher.open(bytes)), options);
    if (older !== undefined) return { json: cipher.open(older), findings: [overwrittenFinding(CONFIG_KEY)] };
    const spare = await readSpare(store, CONFIG_KEY, options);
    if (spare === undefined) throw error;
    return { json: cipher.open(spare), findings: [spareUsed(CONFIG_KEY)] };
  }
}

export interface CandidateIdentity {
  readonly identity: RepositoryIdentity | undefined;
  /** Told if it is the one that opens the repository. */
  readonly findings: readonly Finding[];
  /** Why there is none, where there should be one: the repository opens with a password of its own only. */
  readonly fault?: DomainError;
}

/**
 * The identity that is there; then, should it be none, or not open the repository, the oldest that the store keeps, since an identity is
 * written once, and the spare.
 *
 * @throws {DomainError} unsupported/repository_identity_version
 */
export async function* candidateIdentities(store: ObjectStore, options: CallOptions): AsyncGenerator<CandidateIdentity, void, undefined> {
  let latest: RepositoryIdentity | undefined;
  let fault: DomainError | undefined;
  try {
    latest = await readIdentity(store, options);
  } catch (error) {
    if (!(error instanceof DomainError) || (error.kind !== "corrupt" && error.kind !== "unsupported")) throw error;
    fault = error;
  }
  if (fault === undefined) yield { identity: latest, findings: [] };
  const isRight = (bytes: Uint8Array): boolean => succeeds(() => parseIdentity(bytes, store.url));
  const older = await findBytes(store, IDENTITY_KEY, isRight, options);
  const spare = await readSpare(store, IDENTITY_KEY, options);
  const known = new Set([latest?.id]);
  for (const [bytes, finding] of [
    [older, overwrittenFinding(IDENTITY_KEY)],
    [spare, spareUsed(IDENTITY_KEY)],
  ] as const) {
    if (bytes === undefined || !isRight(bytes)) continue;
    const identity = parseIdentity(bytes, store.url);
    if (!known.has(identity.id)) yield { identity, findings: [finding] };
    known.add(identity.id);
  }
  if (fault === undefined || known.size > 1) return;
  if (fault.kind === "unsupported") throw fault;
  yield {
    identity: undefined,
    findings: [{ grade: "info", code: "identity_damaged", object: IDENTITY_KEY, message: fault.message }],
    fault,
  };
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

function overwrittenFinding(key: ObjectKey): Finding {
  const message = `Somebody put other bytes over "${key}": read from the versions that the store keeps`;
  return { grade: "critical", code: "object_overwritten", object: key, message };
}
