/** A repository in a local folder, or in any store to be read, read and written with the codecs of `src/repository/format` and plain file calls alone. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { displayText } from "../../src/base/byte-string.ts";
import { concatBytes, writeUint32LE } from "../../src/base/bytes.ts";
import type { HexId } from "../../src/base/ids.ts";
import { primitives } from "../../src/native/primitives.ts";
import { Cipher, type MasterKey } from "../../src/repository/format/cipher.ts";
import { type Config, parseConfig, type RepositoryVersion, serializeConfig } from "../../src/repository/format/config.ts";
import { packFileBody, unpackFileBody } from "../../src/repository/format/file-body.ts";
import { createKeyFile, parseKeyFile, unlockKeyFile } from "../../src/repository/format/key-file.ts";
import { REPOSITORY_LIMITS } from "../../src/repository/format/limits.ts";
import {
  decodePackHeader,
  encodePackHeader,
  PACK_TRAILER_BYTES,
  type PackEntry,
  type PlacedEntry,
  readPackHeaderLength,
} from "../../src/repository/format/pack-header.ts";
import { decodeTree } from "../../src/repository/format/tree/decode.ts";
import { parseTimestamp } from "../../src/repository/format/timestamp.ts";
import { parseSnapshot, type Snapshot } from "../../src/repository/format/snapshot.ts";
import { CHEAP_PARAMETERS } from "./cheap-keys.ts";
import { CONFIG_KEY } from "../../src/repository/layout.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";

export interface PlainRepository {
  readonly config: Config;
  /** By id. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  readonly packs: ReadonlyMap<string, readonly PlacedEntry[]>;
  /** Content by type and id: "tree 2cabb1…". */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  /** The same keys, of what the index names: that alone can be found. */
  readonly indexed: ReadonlySet<string>;
  readonly resumeRecords: readonly { readonly tree: HexId; readonly timeMs: number }[];
}

/** Where the files of a repository come from. */
export interface RepositoryFiles {
  readonly config: () => Promise<Uint8Array>;
  /** By name, of all below a folder. */
  readonly below: (folder: string) => Promise<ReadonlyMap<string, Uint8Array>>;
}

interface IndexFile {
  readonly packs: readonly { readonly id: string; readonly blobs: readonly IndexedBlob[] }[];
}

interface IndexedBlob {
  readonly id: string;
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly uncompressed_length?: number;
}

/** How many key files the password opens, and the master key that is in all of these. */
export async function unlock(folder: string, password: string): Promise<{ opened: number; key: MasterKey | undefined }> {
  const keys = await Promise.all(
    Array.from((await filesOf(folder, "keys")).values(), (bytes) => unlockKeyFile(parseKeyFile(bytes), password)),
  );
  const found = keys.filter((key) => key !== undefined);
  for (const key of found) assert.deepEqual(key, found[0]);
  return { opened: found.length, key: found[0] };
}

/** Reads all of it. Every file and every blob must have the hash it is named by, and the index must say what the packs do. */
export async function readRepository(folder: string, key: MasterKey | undefined): Promise<PlainRepository> {
  const config = (): Promise<Uint8Array> => readFile(join(folder, "config"));
  return readRepositoryFrom({ config, below: (name) => filesOf(folder, name) }, key);
}

export function filesIn(store: ObjectStore): RepositoryFiles {
  const below = async (folder: string): Promise<ReadonlyMap<string, Uint8Array>> => {
    const found = new Map<string, Uint8Array>();
    for await (const { key } of store.list(`${folder}/`)) found.set(key.slice(key.lastIndexOf("/") + 1), await store.get(key));
    return found;
  };
  return { config: () => store.get(CONFIG_KEY), below };
}

/** Of all files below a tree, by path; each of their blobs must be there and in the index. */
export function contentBelow({ blobs, indexed }: Pick<PlainRepository, "blobs" | "indexed">, tree: HexId, path = ""): Map<string, string> {
  const read = (blob: string): Uint8Array => {
    assert.ok(indexed.has(blob), `${blob} is in no index`);
    return blobs.get(blob) ?? assert.fail(`${blob} is missing`);
  };
  const found = new Map<string, string>();
  for (const { name, content = [], subtree } of decodeTree(read(`tree ${tree}`))) {
    const at = `${path}/${displayText(name)}`;
    if (subtree === undefined) found.set(at, Buffer.concat(content.map((id) => read(`data ${id}`))).toString("latin1"));
    else for (const [below, text] of contentBelow({ blobs, indexed }, subtree, at)) found.set(below, text);
  }
  return found;
}

/** As readRepository(). */
export async function readRepositoryFrom(files: RepositoryFiles, key: MasterKey | undefined): Promise<PlainRepository> {
  const cipher = new Cipher(key ?? assert.fail("no key file opens with this password"));
  const open = (bytes: Uint8Array) => unpackFileBody(cipher.open(bytes), REPOSITORY_LIMITS.fileBodyBytes);
  const config = parseConfig(cipher.open(await files.config()));
  const snapshots = new Map<string, Snapshot>();
  for (const [id, bytes] of await named(files, "snapshots")) snapshots.set(id, parseSnapshot(open(bytes)));
  const packs = new Map<string, readonly PlacedEntry[]>();
  const blobs = new Map<string, Uint8Array>();
  for (const [id, pack] of await named(files, "data")) {
    const entries = readPackHeader(cipher, pack);
    packs.set(id, entries);
    for (const entry of entries) blobs.set(`${entry.type} ${entry.id}`, readBlob(cipher, pack, entry));
  }
  const indexed = new Set<string>();
  for (const bytes of (await named(files, "index")).values()) {
    const index = JSON.parse(Buffer.from(open(bytes)).toString()) as IndexFile;
    for (const pack of index.packs) {
      assert.deepEqual(inOrder(pack.blobs), packs.get(pack.id)?.map(asIndexed));
      for (const { type, id } of pack.blobs) indexed.add(`${type} ${id}`);
    }
  }
  const resumeRecords = Array.from((await named(files, "holdfast/resume")).values(), (bytes) => {
    const { tree, time } = JSON.parse(Buffer.from(open(bytes)).toString()) as { readonly tree: HexId; readonly time: string };
    return { tree, timeMs: parseTimestamp(time)?.epochMs ?? assert.fail(`"${time}" is no time`) };
  });
  return { config, snapshots, packs, blobs, indexed, resumeRecords };
}

export interface NewRepository {
  readonly folder: string;
  readonly password: string;
  readonly masterKey: MasterKey;
  readonly config: Config;
}

/** Writes key file and config. */
export async function createRepository({ folder, password, masterKey, config }: NewRepository): Promise<void> {
  for (const name of ["data", "index", "keys", "locks", "snapshots"]) await mkdir(join(folder, name), { recursive: true });
  const options = { parameters: CHEAP_PARAMETERS, username: "holdfast", hostname: "here", createdMs: 1_700_000_000_000 };
  const keyFile = await createKeyFile(masterKey, password, options);
  await writeFile(join(folder, "keys", sha256(keyFile)), keyFile);
  await writeFile(join(folder, "config"), new Cipher(masterKey).seal(serializeConfig(config)));
}

/** Seals, stores and names a file that is sealed as a whole. */
export async function writeSealed(
  { folder, masterKey, config }: NewRepository,
  type: "index" | "locks" | "snapshots",
  json: Uint8Array,
): Promise<string> {
  const sealed = new Cipher(masterKey).seal(packFileBody(json, config.version));
  await writeFile(join(folder, type, sha256(sealed)), sealed);
  return sha256(sealed);
}

/** Writes one pack of these blobs and its index, and gives the blobs' ids. */
export async function writePack(
  repository: NewRepository,
  contents: readonly (readonly ["data" | "tree", Uint8Array])[],
): Promise<HexId[]> {
  const { folder, masterKey, config } = repository;
  const cipher = new Cipher(masterKey);
  const blobs = contents.map(([type, content]) => ({ type, content, ...sealBlob(cipher, content, config.version) }));
  const entries = blobs.map(({ type, content, sealed, uncompressedLength }): PackEntry => {
    return { type, id: sha256(content), length: sealed.length, uncompressedLength };
  });
  const header = cipher.seal(encodePackHeader(entries));
  const trailer = new Uint8Array(PACK_TRAILER_BYTES);
  writeUint32LE(trailer, 0, header.length);
  const pack = concatBytes([...blobs.map(({ sealed }) => sealed), header, trailer]);
  const id = sha256(pack);
  await mkdir(join(folder, "data", id.slice(0, 2)), { recursive: true });
  await writeFile(join(folder, "data", id.slice(0, 2), id), pack);
  const index: IndexFile = { packs: [{ id, blobs: readPackHeader(cipher, pack).map(asIndexed) }] };
  await writeSealed(repository, "index", Buffer.from(JSON.stringify(index)));
  return entries.map((entry) => entry.id);
}

export function sha256(bytes: Uint8Array): HexId {
  return createHash("sha256").update(bytes).digest("hex") as HexId;
}

function sealBlob(cipher: Cipher, content: Uint8Array, version: RepositoryVersion): { sealed: Uint8Array; uncompressedLength?: number } {
  if (version === 1) return { sealed: cipher.seal(content) };
  const frame = new Uint8Array(content.length + 1_024);
  const written = primitives().zstdCompressInto(content, frame, 3);
  return { sealed: cipher.seal(frame.subarray(0, written)), uncompressedLength: content.length };
}

function readPackHeader(cipher: Cipher, pack: Uint8Array): PlacedEntry[] {
  const length = readPackHeaderLength(pack, pack.length);
  const end = pack.length - PACK_TRAILER_BYTES;
  return decodePackHeader(cipher.open(pack.subarray(end - length, end)), pack.length);
}

function readBlob(cipher: Cipher, pack: Uint8Array, { id, offset, length, uncompressedLength }: PlacedEntry): Uint8Array {
  const stored = cipher.open(pack.subarray(offset, offset + length));
  const content = uncompressedLength === undefined ? stored : new Uint8Array(uncompressedLength);
  if (uncompressedLength !== undefined) assert.equal(primitives().zstdDecompressInto(stored, content), uncompressedLength);
  assert.equal(sha256(content), id);
  return content;
}

/** Files whose name must be their hash. */
async function named(files: RepositoryFiles, folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = await files.below(folder);
  for (const [name, bytes] of found) assert.equal(sha256(bytes), name);
  return found;
}

/** Every file below a folder, if that is there. */
async function filesOf(folder: string, name: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  if (!existsSync(join(folder, name))) return files;
  for (const entry of await readdir(join(folder, name), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.set(entry.name, await readFile(join(entry.parentPath, entry.name)));
  }
  return files;
}

function inOrder(blobs: readonly IndexedBlob[]): readonly IndexedBlob[] {
  return blobs.toSorted((a, b) => a.offset - b.offset);
}

function asIndexed({ id, type, offset, length, uncompressedLength }: PlacedEntry): IndexedBlob {
  return uncompressedLength === undefined
    ? { id, type, offset, length }
    : { id, type, offset, length, uncompressed_length: uncompressedLength };
}
