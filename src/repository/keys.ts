/** Key files: each holds the repository's one master key, sealed with a password of its own. */
import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { mapConcurrent } from "../base/concurrency.ts";
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import type { CallOptions, ObjectStore } from "../storage/object-store.ts";
import type { MasterKey } from "./format/cipher.ts";
import { createKeyFile, type KeyFile, type KeyFileOptions, parseKeyFile, type ScryptParameters, unlockKeyFile } from "./format/key-file.ts";
import { REPOSITORY_LIMITS } from "./format/limits.ts";
import { type ContentNamedType, folderOf, keyOfFile } from "./layout.ts";
import { deleteForGood, type Deletion, type DeletionOptions } from "./object-lock/deletion.ts";
import { type FileInfo, listFiles, loadFile } from "./sealed-files.ts";
import { putWithSpare } from "./spares.ts";

export interface StoredKey {
  readonly id: HexId;
  readonly file: KeyFile;
}

export interface OpenedKey {
  readonly id: HexId;
  readonly masterKey: MasterKey;
}

type KeyFileType = Extract<ContentNamedType, "keys" | "spareKeys">;

interface ReadKeys {
  readonly keys: readonly StoredKey[];
  readonly findings: readonly Finding[];
}

/** Names that are looked at: enough that nobody fills them by mistake. */
const MAX_LISTED = 10_000;
const CONCURRENT_READS = 8;

/** What a key file says of whom it was made for. */
export type KeyOwner = Pick<KeyFileOptions, "username" | "hostname">;

/**
 * The key files that can be used, the oldest first, and no more of them than restic tries. What is wrong with others becomes findings, since
 * one good key is enough. Whoever can only add objects cannot put anything before those that were there: the store dates them.
 */
export async function readKeys(store: ObjectStore, options: CallOptions = {}): Promise<ReadKeys> {
  return readKeyFiles(store, "keys", () => true, options);
}

/** The spares of other keys than these, which can be used as they are. */
export async function readSpareKeys(
  store: ObjectStore,
  usable: readonly StoredKey[],
  options: CallOptions = {},
): Promise<readonly StoredKey[]> {
  const known = new Set(usable.map(({ id }) => id));
  const { keys } = await readKeyFiles(store, "spareKeys", (id) => !known.has(id), options);
  return keys;
}

/** Of all key files and spares of such, whether they can be used or not. */
export async function listKeyIds(store: ObjectStore, options: CallOptions = {}): Promise<readonly HexId[]> {
  const lists = await Promise.all((["keys", "spareKeys"] as const).map(async (type) => listKeyFiles(store, type, options)));
  return [...new Set(lists.flatMap(({ infos }) => infos.map(({ id }) => id)))];
}

async function readKeyFiles(
  store: ObjectStore,
  type: KeyFileType,
  isWanted: (id: HexId) => boolean,
  options: CallOptions,
): Promise<ReadKeys> {
  const listed = await listKeyFiles(store, type, options);
  const oldestFirst = listed.infos.filter(({ id }) => isWanted(id)).toSorted((a, b) => a.modifiedMs - b.modifiedMs);
  const findings: Finding[] = [...listed.findings];
  const keys: StoredKey[] = [];
  for (let at = 0; at < oldestFirst.length; at += REPOSITORY_LIMITS.keyFiles) {
    if (keys.length >= REPOSITORY_LIMITS.keyFiles) {
      findings.push(passedOver(`there are more than ${REPOSITORY_LIMITS.keyFiles}`));
      break;
    }
    const batch = oldestFirst.slice(at, at + REPOSITORY_LIMITS.keyFiles);
    const answers = await mapConcurrent(batch, { limit: CONCURRENT_READS, signal: options.signal }, async (info, signal) =>
      readKey(store, type, info, { signal }),
    );
    const read = answers.filter((answer) => answer !== undefined);
    findings.push(...read.filter((key) => "code" in key));
    keys.push(...read.filter((key) => "file" in key));
  }
  if (keys.length > REPOSITORY_LIMITS.keyFiles) findings.push(passedOver(`there are more than ${REPOSITORY_LIMITS.keyFiles}`));
  return { keys: keys.slice(0, REPOSITORY_LIMITS.keyFiles), findings };
}

async function listKeyFiles(
  store: ObjectStore,
  type: KeyFileType,
  options: CallOptions,
): Promise<{ readonly infos: readonly FileInfo[]; readonly findings: readonly Finding[] }> {
  const infos: FileInfo[] = [];
  for await (const info of listFiles(store, type, options)) {
    if (infos.length === MAX_LISTED) return { infos, findings: [passedOver(`"${folderOf(type)}" holds more than ${MAX_LISTED} files`)] };
    infos.push(info);
  }
  return { infos, findings: [] };
}

/** undefined: it was removed since the list was made. */
async function readKey(
  store: ObjectStore,
  type: KeyFileType,
  { id, sizeBytes }: FileInfo,
  options: CallOptions,
): Promise<StoredKey | Finding | undefined> {
  try {
    if (sizeBytes > REPOSITORY_LIMITS.keyFileBytes) throw new DomainError("corrupt", "key_file", `it has ${sizeBytes} bytes`);
    return { id, file: parseKeyFile(await loadFile(store, type, id, options)) };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === "object_not_found") return undefined;
    if (error.kind !== "corrupt" && error.kind !== "unsupported") throw error;
    return unusable(id, error.message);
  }
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

/**
 * Gives the id of the new key file.
 *
 * @throws {DomainError} conflict/too_many_keys: restic, which tries only so many, might not come to one more
 */
export async function addKey(
  store: ObjectStore,
  masterKey: MasterKey,
  { password, parameters, owner }: NewKey,
  clock: Clock,
  options: CallOptions = {},
): Promise<HexId> {
  await requireRoomForKey(store, options);
  const bytes = await createKeyFile(masterKey, password, { parameters, ...owner, createdMs: clock.now() });
  const sha256 = createHash("sha256").update(bytes).digest();
  const id = sha256.toHex() as HexId;
  await putWithSpare(store, keyOfFile("keys", id), bytes, { ...options, sha256 });
  return id;
}

/** @throws {DomainError} conflict/too_many_keys */
export async function requireRoomForKey(store: ObjectStore, options: CallOptions = {}): Promise<void> {
  const { keys } = await readKeys(store, options);
  if (keys.length < REPOSITORY_LIMITS.keyFiles) return;
  throw new DomainError("conflict", "too_many_keys", `Cannot add a key to "${store.url}": it has ${keys.length} already`, {
    hint: "Remove one that nobody needs any more",
  });
}

/**
 * Stops new readers with that password; who has read the master key keeps it.
 *
 * @throws {DomainError} conflict/key_in_use: the key that opened the repository, which would lock the caller out
 */
export async function removeKey(store: ObjectStore, id: HexId, inUse: HexId, options: DeletionOptions): Promise<Deletion> {
  if (id === inUse) {
    throw new DomainError("conflict", "key_in_use", `Cannot remove key "${id.slice(0, 8)}": it is the one in use`, {
      hint: "Open the repository with another password first",
    });
  }
  return deleteKey(store, id, options);
}

/** The spare goes first, and while it is locked neither does: whatever opens the repository is among the key files that are listed. */
export async function deleteKey(store: ObjectStore, id: HexId, options: DeletionOptions): Promise<Deletion> {
  const ofSpare = await deleteForGood(store, keyOfFile("spareKeys", id), options);
  return ofSpare.kind === "kept" ? ofSpare : deleteForGood(store, keyOfFile("keys", id), options);
}

function passedOver(state: string): Finding {
  return { grade: "info", code: "key_files_passed_over", object: "keys", message: `Cannot try all key files: ${state}` };
}

function unusable(id: HexId, state: string): Finding {
  return { grade: "info", code: "key_file_unusable", object: `keys/${id}`, message: `Cannot use key file "${id.slice(0, 8)}": ${state}` };
}
