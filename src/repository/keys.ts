/** Key files: each holds the repository's one master key, sealed with a password of its own. */
import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import type { CallOptions, ObjectStore } from "../storage/object-store.ts";
import type { MasterKey } from "./format/cipher.ts";
import { createKeyFile, type KeyFile, type KeyFileOptions, parseKeyFile, type ScryptParameters, unlockKeyFile } from "./format/key-file.ts";
import { REPOSITORY_LIMITS } from "./format/limits.ts";
import { keyOfFile } from "./layout.ts";
import { listFiles, loadFile } from "./sealed-files.ts";

export interface StoredKey {
  readonly id: HexId;
  readonly file: KeyFile;
}

export interface OpenedKey {
  readonly id: HexId;
  readonly masterKey: MasterKey;
}

/** What a key file says of whom it was made for. */
export type KeyOwner = Pick<KeyFileOptions, "username" | "hostname">;

/** All key files that can be read; what is wrong with the others becomes findings, since one good key is enough. */
export async function readKeys(
  store: ObjectStore,
  options: CallOptions = {},
): Promise<{ readonly keys: readonly StoredKey[]; readonly findings: readonly Finding[] }> {
  const keys: StoredKey[] = [];
  const findings: Finding[] = [];
  for await (const { id, sizeBytes } of listFiles(store, "keys", options)) {
    if (keys.length + findings.length >= REPOSITORY_LIMITS.keyFiles) {
      findings.push(unusable(id, `there are more than ${REPOSITORY_LIMITS.keyFiles}`));
      break;
    }
    try {
      if (sizeBytes > REPOSITORY_LIMITS.keyFileBytes) throw new DomainError("corrupt", "key_file", `it has ${sizeBytes} bytes`);
      keys.push({ id, file: parseKeyFile(await loadFile(store, "keys", id, options)) });
    } catch (error) {
      if (!(error instanceof DomainError) || (error.kind !== "corrupt" && error.kind !== "unsupported")) throw error;
      findings.push(unusable(id, error.message));
    }
  }
  return { keys, findings };
}

/**
 * The keys that the password opens, one after the other: scrypt is made to be slow, so nobody tries more than is needed. More than
 * one comes only when the first does not open the config, as after an init that was killed and begun again.
 */
export async function* unlockKeys(keys: readonly StoredKey[], password: string): AsyncGenerator<OpenedKey, void, undefined> {
  for (const { id, file } of keys) {
    const masterKey = await unlockKeyFile(file, password);
    if (masterKey !== undefined) yield { id, masterKey };
  }
}

export interface NewKey {
  readonly password: string;
  readonly parameters: ScryptParameters;
  readonly owner: KeyOwner;
}

/** Gives the id of the new key file. */
export async function addKey(
  store: ObjectStore,
  masterKey: MasterKey,
  { password, parameters, owner }: NewKey,
  clock: Clock,
  options: CallOptions = {},
): Promise<HexId> {
  const bytes = await createKeyFile(masterKey, password, { parameters, ...owner, createdMs: clock.now() });
  const sha256 = createHash("sha256").update(bytes).digest();
  const id = sha256.toHex() as HexId;
  await store.put(keyOfFile("keys", id), bytes, { ...options, sha256 });
  return id;
}

/**
 * Stops new readers with that password; who has read the master key keeps it.
 *
 * @throws {DomainError} conflict/key_in_use: the key that opened the repository, which would lock the caller out
 */
export async function removeKey(store: ObjectStore, id: HexId, inUse: HexId, options?: CallOptions): Promise<void> {
  if (id === inUse) {
    throw new DomainError("conflict", "key_in_use", `Cannot remove key "${id.slice(0, 8)}": it is the one in use`, {
      hint: "Open the repository with another password first",
    });
  }
  await store.delete(keyOfFile("keys", id), options);
}

function unusable(id: HexId, state: string): Finding {
  return { grade: "info", code: "key_file_unusable", object: `keys/${id}`, message: `Cannot use key file "${id.slice(0, 8)}": ${state}` };
}
