/**
 * The JSON in restic's index files:
 * `{"packs":[{"id":…,"blobs":[{"id":…,"type":"data","offset":…,"length":…,"uncompressed_length":…}]}]}`
 */
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { blobLengthFault, type BlobType } from "../format/blob.ts";
import { REPOSITORY_LIMITS } from "../format/limits.ts";
import { JsonScanner } from "./json-scanner.ts";

export interface IndexedPack {
  readonly id: HexId;
  readonly blobs: readonly IndexedBlob[];
}

export interface IndexedBlob {
  readonly id: HexId;
  readonly type: BlobType;
  /** Where in the pack the sealed blob begins. */
  readonly offset: number;
  /** Length of the sealed blob. */
  readonly length: number;
  /** Length of the content of a compressed blob; absent or 0: it is not compressed. */
  readonly uncompressedLength?: number;
}

/** Is told what an index file says: each pack, then its blobs. The bytes of an id are only valid during the call. */
export interface IndexFileVisitor {
  readonly pack: (id: Uint8Array) => void;
  readonly blob: (type: BlobType, id: Uint8Array, offset: number, length: number, uncompressedLength: number) => void;
}

const ID_BYTES = 32;
const MAX_PACK_BYTES = REPOSITORY_LIMITS.packBytes;

/** The most bytes that a pack takes beside its blobs, and a blob. */
const MAX_PACK_JSON_BYTES = 100;
const MAX_BLOB_JSON_BYTES = 170;

/** As restic writes it. Into one buffer: the texts of 100,000 blobs would be worth several. */
export function encodeIndexFile(packs: readonly IndexedPack[]): Uint8Array {
  const blobCount = packs.reduce((sum, { blobs }) => sum + blobs.length, 0);
  const json = Buffer.allocUnsafe((packs.length + 1) * MAX_PACK_JSON_BYTES + blobCount * MAX_BLOB_JSON_BYTES);
  let at = 0;
  const write = (text: string): void => {
    at += json.write(text, at, "latin1");
  };
  write('{"packs":[');
  for (const [packNr, { id, blobs }] of packs.entries()) {
    write(`${packNr === 0 ? "" : ","}{"id":"${id}","blobs":[`);
    for (const [blobNr, blob] of blobs.entries()) write(`${blobNr === 0 ? "" : ","}${encodeBlob(blob)}`);
    write("]}");
  }
  write("]}\n");
  return json.subarray(0, at);
}

/**
 * Reads an index file of any layout that JSON allows, passing over fields it does not know (like restic 0.18, `supersedes` too).
 * The visitor has been told what stood before the damage when this throws.
 *
 * @throws {DomainError} corrupt/index_file: not JSON, a field missing, twice or out of its range; `details.at` is the place
 * @throws {DomainError} unsupported/index_file_format: that of restic before 0.2, which restic 0.18 does not read either
 */
export function scanIndexFile(json: Uint8Array, visitor: IndexFileVisitor): void {
  new IndexFileScan(json, visitor).run();
}

class IndexFileScan {
  readonly #json: JsonScanner;
  readonly #visitor: IndexFileVisitor;
  readonly #id = new Uint8Array(ID_BYTES);

  constructor(json: Uint8Array, visitor: IndexFileVisitor) {
    this.#json = new JsonScanner(json, damaged);
    this.#visitor = visitor;
  }

  run(): void {
    const json = this.#json;
    if (json.startsArray()) {
      throw new DomainError("unsupported", "index_file_format", "Cannot read index file: it has the form of restic before version 0.2", {
        hint: 'Run "holdfast repository repair" to write the index anew',
      });
    }
    let packsSeen = false;
    for (let more = json.openObject(); more; more = json.nextInObject()) {
      if (json.takeName(NAMES.packs)) {
        if (packsSeen) throw json.damage('"packs" comes twice');
        packsSeen = true;
        this.#packs();
      } else {
        json.skipField();
      }
    }
    json.end();
    if (!packsSeen) throw json.damage('"packs" is missing');
  }

  #packs(): void {
    const json = this.#json;
    if (json.takeNull()) return;
    for (let more = json.openArray(); more; more = json.nextInArray()) this.#pack();
  }

  /** The id is told first, wherever it stands: blobs before it are passed over and come back to. */
  #pack(): void {
    const json = this.#json;
    let idSeen = false;
    let blobsSeen = false;
    let blobsAt = -1;
    for (let more = json.openObject(); more; more = json.nextInObject()) {
      if (json.takeName(NAMES.id)) {
        if (idSeen) throw json.damage('"id" comes twice');
        idSeen = true;
        json.hexInto(this.#id);
        this.#visitor.pack(this.#id);
      } else if (json.takeName(NAMES.blobs)) {
        if (blobsSeen) throw json.damage('"blobs" comes twice');
        blobsSeen = true;
        if (idSeen) {
          this.#blobs();
        } else {
          blobsAt = json.at;
          json.skipValue();
        }
      } else {
        json.skipField();
      }
    }
    if (!idSeen) throw json.damage("a pack has no id");
    if (blobsAt === -1) return;
    const after = json.at;
    json.at = blobsAt;
    this.#blobs();
    json.at = after;
  }

  #blobs(): void {
    const json = this.#json;
    if (json.takeNull()) return;
    for (let more = json.openArray(); more; more = json.nextInArray()) this.#blob();
  }

  #blob(): void {
    const json = this.#json;
    let idSeen = false;
    let type: BlobType | undefined;
    let offset = -1;
    let length = -1;
    let uncompressedLength = -1;
    for (let more = json.openObject(); more; more = json.nextInObject()) {
      if (json.takeName(NAMES.id)) {
        if (idSeen) throw json.damage('"id" comes twice');
        idSeen = true;
        json.hexInto(this.#id);
      } else if (json.takeName(NAMES.type)) {
        if (type !== undefined) throw json.damage('"type" comes twice');
        type = this.#type();
      } else if (json.takeName(NAMES.offset)) {
        if (offset !== -1) throw json.damage('"offset" comes twice');
        offset = json.integer(MAX_PACK_BYTES);
      } else if (json.takeName(NAMES.length)) {
        if (length !== -1) throw json.damage('"length" comes twice');
        length = json.integer(MAX_PACK_BYTES);
      } else if (json.takeName(NAMES.uncompressedLength)) {
        if (uncompressedLength !== -1) throw json.damage('"uncompressed_length" comes twice');
        uncompressedLength = json.integer(MAX_PACK_BYTES);
      } else {
        json.skipField();
      }
    }
    if (!idSeen || type === undefined || offset === -1 || length === -1) throw json.damage("a blob lacks id, type, offset or length");
    if (offset + length > MAX_PACK_BYTES) throw json.damage(`a blob ends behind byte ${MAX_PACK_BYTES} of its pack`);
    const fault = blobLengthFault(type, length, uncompressedLength > 0 ? uncompressedLength : undefined);
    if (fault !== undefined) throw json.damage(fault);
    this.#visitor.blob(type, this.#id, offset, length, Math.max(uncompressedLength, 0));
  }

  #type(): BlobType {
    if (this.#json.takeString(TYPES.data)) return "data";
    if (this.#json.takeString(TYPES.tree)) return "tree";
    throw this.#json.damage('a type is neither "data" nor "tree"');
  }
}

const NAMES = {
  packs: Buffer.from('"packs"'),
  id: Buffer.from('"id"'),
  blobs: Buffer.from('"blobs"'),
  type: Buffer.from('"type"'),
  offset: Buffer.from('"offset"'),
  length: Buffer.from('"length"'),
  uncompressedLength: Buffer.from('"uncompressed_length"'),
} as const;

const TYPES = { data: Buffer.from('"data"'), tree: Buffer.from('"tree"') } as const;

function encodeBlob({ id, type, offset, length, uncompressedLength = 0 }: IndexedBlob): string {
  const tail = uncompressedLength === 0 ? "" : `,"uncompressed_length":${uncompressedLength}`;
  return `{"id":"${id}","type":"${type}","offset":${offset},"length":${length}${tail}}`;
}

function damaged(at: number, state: string): DomainError {
  return new DomainError("corrupt", "index_file", `Cannot read index file: ${state}, at byte ${at}`, { details: { at } });
}
