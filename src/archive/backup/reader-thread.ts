/** A thread that reads files: cuts, hashes, compresses, seals and packs what is new in them. */
import { closeSync } from "node:fs";
import { fileCalls, type FileStat } from "../../native/files.ts";
import { readXattrs } from "../xattrs.ts";
import { BlobPacker } from "../../repository/blob-packer.ts";
import { openChunker } from "../../repository/chunker/chunker.ts";
import { concatBytes } from "../../base/bytes.ts";
import type { ByteString } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import { nodeTypeOf } from "../../repository/format/tree/node.ts";
import { BlobIndex } from "../../repository/index/blob-index.ts";
import { BlobSet } from "../../repository/index/blob-set.ts";
import { openFileIn } from "../folder-handle.ts";
import { nextDataIn } from "../holes.ts";
import { encodeNode } from "../../repository/format/tree/encode.ts";
import { nodeOf } from "../stat-node.ts";
import { CHUNKER_BUFFER_BYTES, type Content, ContentReader } from "./content-reader.ts";
import { CounterRow } from "./counters.ts";
import { openParentFolder } from "./parent-trees.ts";
import { compareFolder } from "./unchanged.ts";
import { Cipher } from "../../repository/format/cipher.ts";
import type { FileToRead, ReaderReply, ReaderRequest, ReaderStart, ReadFile, ReadRange, WholeFile } from "./reader-messages.ts";
import { startOfThread } from "../../repository/packing/threads.ts";
import { ThreadPacks } from "../../repository/packing/thread-packs.ts";

const ID_BYTES = 32;
/** The name that stands for the open file itself. */
const OPEN_ITSELF = "" as ByteString;

const start = await startOfThread<ReaderStart>();
const packs = new ThreadPacks(start.packs);
const index = BlobIndex.attach(start.index);
const cipher = new Cipher(start.packer.masterKey);
const packer = new BlobPacker("data", start.packer, index, BlobSet.attach(start.fresh), packs);
const counters = new CounterRow(start.counters, start.counterRow);
const reader = new ContentReader(openChunker(start.chunker, CHUNKER_BUFFER_BYTES), packer, (bytes) => counters.add("bytes", bytes));

start.requests.on("message", (request: ReaderRequest) => {
  switch (request.kind) {
    case "files":
      reply({ kind: "files", batch: request.batch, files: request.files.map(readFile) });
      break;
    case "range":
      reply({ kind: "range", batch: request.batch, range: readRange(request.file, request.from, request.to) });
      break;
    case "open-range":
      reply({ kind: "range", batch: request.batch, range: readOpenRange(request.fd, request.from, request.to) });
      break;
    case "bytes":
      reply({ kind: "range", batch: request.batch, range: storeBytes(request.bytes) });
      break;
    case "stream":
      reply({ kind: "range", batch: request.batch, range: readStream(request.fd) });
      break;
    case "compare":
      reply({ kind: "compared", batch: request.batch, isUnchanged: isUnchanged(request) });
      break;
    case "flush":
      packer.flush();
      packs.flushed(request.checkpoint);
      break;
    case "take-rests": {
      const rests = packer.takeRests();
      start.requests.postMessage(
        { kind: "rests", rests } satisfies ReaderReply,
        rests.map(({ buffer }) => buffer),
      );
      break;
    }
    case "finish":
      for (const rest of request.rests) packer.absorb(rest);
      packer.flush();
      countStored();
      packs.flushed();
      break;
  }
});

function countStored(): void {
  counters.set("dataBlobs", packer.counters.newBlobs);
  counters.set("newBytes", packer.counters.newBytes);
  counters.set("storedBytes", packer.counters.storedBytes);
}

function reply(message: ReaderReply): void {
  start.requests.postMessage(message);
}

function readFile(file: WholeFile): ReadFile {
  return whileOpen<ReadFile>(file, (fd, stat) => {
    const { size } = stat;
    if (size > file.atMostBytes) return { kind: "longer", stat };
    const content = reader.read(fd, { from: 0, to: size === 0 ? Infinity : size, nextData: nextDataIn(fd, stat, size) });
    const ids = hexIds(content.ids);
    const changed = content.bytes !== size || (content.reads > 1 && isChanged(stat, statOf(fd)));
    const node = nodeOf(file.name, stat, start.style, { content: ids, size: content.bytes, xattrs: readXattrs(fd) });
    counters.add("files");
    return { kind: "node", json: encodeNode(node), changed };
  });
}

function readRange(file: FileToRead, from: number, to: number): ReadRange {
  return whileOpen(file, (fd, stat) => {
    const content: Content = reader.read(fd, { from, to, nextData: nextDataIn(fd, stat, to) });
    const { mtimeNs, ctimeNs } = statOf(fd);
    const xattrs = from === 0 ? readXattrs(fd) : [];
    return { kind: "content", ids: content.ids.slice(), bytes: content.bytes, mtimeNs, ctimeNs, xattrs };
  });
}

/** Cut as a file of the same content is. */
function isUnchanged({ folder, tree, unsureFromNs }: Extract<ReaderRequest, { readonly kind: "compare" }>): boolean {
  const parent = openParentFolder(tree, cipher, () => undefined);
  const totals = parent && compareFolder(folder, parent, { index, style: start.style, unsureFromNs });
  if (totals === undefined) return false;
  counters.add("filesUnmodified", totals.files);
  counters.add("files", totals.files);
  counters.add("bytes", totals.bytes);
  return true;
}

/** Through a handle that other threads read with, too. */
function readOpenRange(fd: number, from: number, to: number): ReadRange {
  try {
    const stat = statOf(fd);
    // Block devices do not tell where they hold nothing.
    const { ids, bytes } = reader.read(fd, { from, to, nextData: nextDataIn(fd, stat, to) });
    return { kind: "content", ids: ids.slice(), bytes, mtimeNs: stat.mtimeNs, ctimeNs: stat.ctimeNs, xattrs: [] };
  } catch (error) {
    return { kind: "failed", code: errnoOf(error) };
  }
}

function storeBytes(bytes: Uint8Array): ReadRange {
  const ids = new Uint8Array(ID_BYTES);
  packer.add(bytes, ids, 0);
  counters.add("bytes", bytes.length);
  return { kind: "content", ids, bytes: bytes.length, mtimeNs: 0n, ctimeNs: 0n, xattrs: [] };
}

function readStream(fd: number): ReadRange {
  const to = start.chunker.kind === "gear" ? start.chunker.forcedCut : Infinity;
  const ids: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const content = reader.read(fd, { from: undefined, to });
      ids.push(content.ids.slice());
      bytes += content.bytes;
      if (content.bytes < to) return { kind: "content", ids: concatBytes(ids), bytes, mtimeNs: 0n, ctimeNs: 0n, xattrs: [] };
    }
  } catch (error) {
    return { kind: "failed", code: errnoOf(error) };
  }
}

type Failure = { readonly kind: "replaced" } | { readonly kind: "failed"; readonly code: string };

/** A file that cannot be opened or read is a result; anything else that goes wrong is thrown. */
function whileOpen<T>({ folder, name }: FileToRead, work: (fd: number, stat: FileStat) => T): T | Failure {
  let fd: number | undefined;
  try {
    fd = openFileIn(folder, name);
    const stat = statOf(fd);
    return nodeTypeOf(stat.mode) === "file" ? work(fd, stat) : { kind: "replaced" };
  } catch (error) {
    return { kind: "failed", code: errnoOf(error) };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function statOf(fd: number): FileStat {
  return fileCalls().statIn(fd, OPEN_ITSELF);
}

function errnoOf(error: unknown): string {
  if (error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string") return error.code;
  throw error;
}

function isChanged(before: FileStat, after: FileStat): boolean {
  return before.mtimeNs !== after.mtimeNs || before.ctimeNs !== after.ctimeNs || before.size !== after.size;
}

function hexIds(ids: Uint8Array): HexId[] {
  const count = ids.length / ID_BYTES;
  return Array.from({ length: count }, (_, at) => ids.subarray(at * ID_BYTES, (at + 1) * ID_BYTES).toHex() as HexId);
}
