/** Loads and saves the files of a repository that are sealed as a whole: indexes, snapshots, locks and Holdfast's own records. */
import { createHash } from "node:crypto";
import { DomainError } from "../base/errors.ts";
import type { HexId } from "../base/ids.ts";
import type { CallOptions, ObjectStore, PutOptions } from "../storage/object-store.ts";
import type { Cipher } from "./format/cipher.ts";
import type { RepositoryVersion } from "./format/config.ts";
import { packFileBody, unpackFileBody } from "./format/file-body.ts";
import { REPOSITORY_LIMITS } from "./format/limits.ts";
import { folderOf, idOfKey, keyOfFile, type ContentNamedType, type SealedFileType } from "./layout.ts";

/** Of a seal and a frame: more than enough. */
const FILE_OVERHEAD_BYTES = 1024;

export interface FileInfo {
  readonly id: HexId;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export interface SealedFile {
  /** SHA-256 of the sealed bytes. */
  readonly id: HexId;
  readonly sha256: Uint8Array;
  readonly bytes: Uint8Array;
}

export class SealedFiles {
  readonly #store: ObjectStore;
  readonly #cipher: Cipher;
  readonly #version: RepositoryVersion;

  constructor(store: ObjectStore, cipher: Cipher, version: RepositoryVersion) {
    this.#store = store;
    this.#cipher = cipher;
    this.#version = version;
  }

  list(type: SealedFileType, options?: CallOptions): AsyncIterable<FileInfo> {
    return listFiles(this.#store, type, options);
  }

  /**
   * The JSON in a file.
   *
   * @throws {DomainError} not-found/object_not_found
   * @throws {DomainError} corrupt/file_hash: the bytes are not those that the name promises
   * @throws {DomainError} corrupt/unauthentic
   */
  async load(type: SealedFileType, id: HexId, options: CallOptions = {}): Promise<Uint8Array> {
    return this.open(await loadFile(this.#store, type, id, options));
  }

  /** The JSON in the sealed bytes of a file. */
  open(sealed: Uint8Array): Uint8Array {
    return unpackFileBody(this.#cipher.open(sealed), REPOSITORY_LIMITS.fileBodyBytes);
  }

  /** Gives the id, which is the SHA-256 of the sealed bytes. */
  async save(type: SealedFileType, json: Uint8Array, options: Omit<PutOptions, "sha256"> = {}): Promise<HexId> {
    const file = this.seal(json);
    await this.put(type, file, options);
    return file.id;
  }

  /** A file that can be named before it is stored: by whoever must remove it even if storing it fails half-way. */
  seal(json: Uint8Array): SealedFile {
    const bytes = this.#cipher.seal(packFileBody(json, this.#version));
    const sha256 = createHash("sha256").update(bytes).digest();
    return { id: sha256.toHex() as HexId, sha256, bytes };
  }

  async put(type: SealedFileType, { id, sha256, bytes }: SealedFile, options: Omit<PutOptions, "sha256"> = {}): Promise<void> {
    await this.#store.put(keyOfFile(type, id), bytes, { ...options, sha256 });
  }

  async remove(type: SealedFileType, id: HexId, options?: CallOptions): Promise<void> {
    await this.#store.delete(keyOfFile(type, id), options);
  }
}

/** All files of a type; objects whose name is not an id are passed over. */
export async function* listFiles(
  store: ObjectStore,
  type: ContentNamedType,
  options?: CallOptions,
): AsyncGenerator<FileInfo, void, undefined> {
  for await (const { key, sizeBytes, modifiedMs } of store.list(folderOf(type), options)) {
    const id = idOfKey(key);
    if (id !== undefined) yield { id, sizeBytes, modifiedMs };
  }
}

/**
 * The bytes of a file as they are stored, checked against its name.
 *
 * @throws {DomainError} not-found/object_not_found
 * @throws {DomainError} corrupt/file_hash
 * @throws {DomainError} corrupt/storage_too_long
 */
export async function loadFile(store: ObjectStore, type: ContentNamedType, id: HexId, options: CallOptions = {}): Promise<Uint8Array> {
  const key = keyOfFile(type, id);
  const bytes = await store.get(key, { ...options, maxBytes: maxBytesOf(type) });
  if (createHash("sha256").update(bytes).digest().toHex() === id) return bytes;
  throw new DomainError("corrupt", "file_hash", `Cannot read "${key}" in "${store.url}": its bytes are not those it was named after`, {
    details: { key },
    hint: 'Run "holdfast repository check" to see what is damaged, then "holdfast repository repair"',
  });
}

/** What was packed is no longer than what it was before, but for what is put around it. */
function maxBytesOf(type: ContentNamedType): number {
  if (type === "data") return REPOSITORY_LIMITS.packBytes;
  return type === "keys" || type === "spareKeys" ? REPOSITORY_LIMITS.keyFileBytes : REPOSITORY_LIMITS.fileBodyBytes + FILE_OVERHEAD_BYTES;
}
