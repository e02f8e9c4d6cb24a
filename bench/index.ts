/**
 * Opens a generated index from a local folder: `node bench/index.ts [BLOBS [THREADS]]`, 10 million blobs and 2 threads if nothing
 * else is said. Prints seconds, memory, and the time of a lookup. The files are made by a process of their own.
 */
import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { mkdtempDisposable, readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HexId } from "../src/base/ids.ts";
import { Cipher, type MasterKey } from "../src/repository/format/cipher.ts";
import { packFileBody } from "../src/repository/format/file-body.ts";
import type { BlobIndex } from "../src/repository/index/blob-index.ts";
import { encodeIndexFile, type IndexedPack } from "../src/repository/index/index-file.ts";
import { expectedBlobsIn, loadIndex, type SealedIndexFile } from "../src/repository/index/load-index.ts";

const REPOSITORY_VERSION = 2;
const BLOBS_PER_FILE = 50_000;
/** Packs of 16 MiB. */
const BLOBS_PER_PACK = 20;
const MEAN_SEALED_BYTES = 800_000;
const LOOKUPS = 1_000_000;
const ID_BYTES = 32;
const MIB = 1024 * 1024;
/** Bench data only. */
const MASTER_KEY: MasterKey = {
  encryption: new Uint8Array(32).fill(1),
  macK: new Uint8Array(16).fill(2),
  macR: new Uint8Array(16).fill(3),
};

const [what = "10000000", ...rest] = process.argv.slice(2);
if (what === "generate") generate(rest[0] ?? "", Number(rest[1]));
else await bench(Number(what), Number(rest[0] ?? 2));

async function bench(blobs: number, threads: number): Promise<void> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-bench-index-"));
  execFileSync(process.execPath, [import.meta.filename, "generate", folder.path, String(blobs)], { stdio: "inherit" });
  const names = await readdir(folder.path);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder.path, name))).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  print("index files", `${names.length}, ${(bytes / MIB).toFixed(0)} MiB, ${(bytes / blobs).toFixed(1)} bytes a blob`);
  const rssBefore = process.memoryUsage.rss();
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const { index, damaged } = await loadIndex(readFiles(folder.path, names), {
    masterKey: MASTER_KEY,
    expectedBlobs: expectedBlobsIn(bytes),
    threads,
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  if (damaged.length > 0 || index.size !== blobs)
    throw new Error(`Cannot trust the figures: ${index.size} blobs, ${damaged.length} damaged files`);
  print("opened", `${index.size} blobs in ${seconds.toFixed(2)} s, ${((user + system) / 1e6).toFixed(2)} CPU-s, ${threads} threads`);
  print("resident before", `${(rssBefore / MIB).toFixed(0)} MiB`);
  print("resident after", `${(process.memoryUsage.rss() / MIB).toFixed(0)} MiB`);
  print("resident at most", `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
  print("lookup, known", `${lookupNs(index, sampleIds(index)).toFixed(0)} CPU-ns`);
  print("lookup, unknown", `${lookupNs(index, randomFillSync(new Uint8Array(LOOKUPS * ID_BYTES))).toFixed(0)} CPU-ns`);
}

async function* readFiles(folder: string, names: readonly string[]): AsyncGenerator<SealedIndexFile, void, undefined> {
  for (const name of names) yield { id: name as HexId, sealed: await readFile(join(folder, name)) };
}

/** Ids spread over the whole index, in an order that no cache can follow. */
function sampleIds(index: BlobIndex): Uint8Array {
  const ids = new Uint8Array(LOOKUPS * ID_BYTES);
  const every = Math.max(Math.floor(index.size / LOOKUPS), 1);
  const places = shuffled(LOOKUPS);
  let seen = 0;
  for (const entry of index.entries()) {
    const place = seen % every === 0 ? places[seen / every] : undefined;
    if (place !== undefined) index.idInto(entry, ids, place * ID_BYTES);
    seen++;
  }
  return ids;
}

function shuffled(length: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, place) => place);
  const random = randomFillSync(new Uint32Array(length));
  for (let place = length - 1; place > 0; place--) {
    const other = (random[place] ?? 0) % (place + 1);
    [order[place], order[other]] = [order[other] ?? 0, order[place] ?? 0];
  }
  return order;
}

function lookupNs(index: BlobIndex, ids: Uint8Array): number {
  const before = process.cpuUsage();
  for (let at = 0; at < ids.length; at += ID_BYTES) index.find("data", ids, at);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / LOOKUPS;
}

function generate(folder: string, blobs: number): void {
  const cipher = new Cipher(MASTER_KEY);
  for (let made = 0; made < blobs; made += BLOBS_PER_FILE) {
    const json = encodeIndexFile(packsOf(Math.min(BLOBS_PER_FILE, blobs - made)));
    writeFileSync(join(folder, randomId()), cipher.seal(packFileBody(json, REPOSITORY_VERSION)));
  }
}

function packsOf(blobs: number): IndexedPack[] {
  return Array.from({ length: Math.ceil(blobs / BLOBS_PER_PACK) }, (_, pack) => {
    const lengths = randomFillSync(new Uint32Array(Math.min(BLOBS_PER_PACK, blobs - pack * BLOBS_PER_PACK)));
    let offset = 0;
    return {
      id: randomId(),
      blobs: Array.from(lengths, (random) => {
        const length = MEAN_SEALED_BYTES / 2 + (random % MEAN_SEALED_BYTES);
        const blob = { id: randomId(), type: "data" as const, offset, length, uncompressedLength: length + (random % MIB) };
        offset += length;
        return blob;
      }),
    };
  });
}

function randomId(): HexId {
  return randomFillSync(new Uint8Array(ID_BYTES)).toHex() as HexId;
}

function print(name: string, value: string): void {
  process.stdout.write(`${name.padEnd(18)}${value}\n`);
}
