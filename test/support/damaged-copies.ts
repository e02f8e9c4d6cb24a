/** Copies of a repository in memory, and what of their snapshots can be read there: by the most simple way, to hold others against. */
import { type ByteString, displayText } from "../../src/base/byte-string.ts";
import { systemClock } from "../../src/base/clock.ts";
import { DomainError } from "../../src/base/errors.ts";
import type { HexId } from "../../src/base/ids.ts";
import { BlobDecoder } from "../../src/repository/blob-decoder.ts";
import type { BlobType } from "../../src/repository/format/blob.ts";
import { decodeTree } from "../../src/repository/format/tree/decode.ts";
import { keyOfFile } from "../../src/repository/layout.ts";
import type { Repository } from "../../src/repository/repository.ts";
import { SealedFiles } from "../../src/repository/sealed-files.ts";
import type { Session } from "../../src/repository/session.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import type { ObjectKey, ObjectStore } from "../../src/storage/object-store.ts";

export const DAMAGES = ["flipped in the middle", "flipped at its end", "cut", "removed"] as const;
export type DamageKind = (typeof DAMAGES)[number];

export async function keysOf(store: ObjectStore): Promise<ObjectKey[]> {
  return Array.fromAsync(store.list(""), ({ key }) => key);
}

export async function copyOf(store: ObjectStore): Promise<MemoryStore> {
  const copy = new MemoryStore({ clock: systemClock });
  for (const key of await keysOf(store)) await copy.put(key, await store.get(key));
  return copy;
}

export async function damage(store: ObjectStore, key: ObjectKey, kind: DamageKind): Promise<void> {
  if (kind === "removed") return store.delete(key);
  const bytes = Uint8Array.from(await store.get(key));
  const at = kind === "flipped at its end" ? bytes.length - 1 : Math.floor(bytes.length * 0.75);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return store.put(key, kind === "cut" ? bytes.subarray(0, at) : bytes);
}

/** The same repository in another store, without asking for its password again. */
export function movedTo(repository: Repository, store: ObjectStore): Repository {
  return { ...repository, store, files: new SealedFiles(store, repository.cipher, repository.config.version) };
}

/** By snapshot: the paths that cannot be read, in order; a folder that is lost ends in a slash. */
export async function unreadablePaths(session: Session): Promise<Map<HexId, readonly string[]>> {
  const reader = new PlainReader(session);
  const found = new Map<HexId, readonly string[]>();
  for (const { id, snapshot } of session.snapshots) {
    const paths = await reader.unreadableBelow(snapshot.tree, "" as ByteString);
    if (paths.length > 0) found.set(id, paths.toSorted());
  }
  return found;
}

class PlainReader {
  readonly #session: Session;
  readonly #decoder: BlobDecoder;

  constructor(session: Session) {
    this.#session = session;
    this.#decoder = new BlobDecoder(session.repository.masterKey);
  }

  async unreadableBelow(tree: HexId, path: ByteString): Promise<string[]> {
    const bytes = await this.#read("tree", tree);
    if (bytes === undefined) return [displayText(`${path}/` as ByteString)];
    const paths: string[] = [];
    for (const node of decodeTree(bytes)) {
      const below = `${path}/${node.name}` as ByteString;
      if (node.subtree !== undefined) paths.push(...(await this.unreadableBelow(node.subtree, below)));
      const content = await Promise.all((node.content ?? []).map((id) => this.#read("data", id)));
      if (content.includes(undefined)) paths.push(displayText(below));
    }
    return paths;
  }

  async #read(type: BlobType, id: HexId): Promise<Uint8Array | undefined> {
    const { index, repository } = this.#session;
    for (const entry of index.locations(type, Uint8Array.fromHex(id), 0)) {
      const pack = keyOfFile("data", index.packId(index.packOf(entry)));
      const range = { offset: index.offsetOf(entry), length: index.lengthOf(entry) };
      try {
        return this.#decoder.decode(await repository.store.get(pack, { range }), index.uncompressedLengthOf(entry), id);
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
      }
    }
    return undefined;
  }
}
