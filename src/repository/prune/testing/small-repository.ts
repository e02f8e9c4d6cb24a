/** A repository in memory or anywhere, with snapshots of made-up files in many small packs, for tests of what removes data. */
import assert from "node:assert/strict";
import type { Clock } from "../../../base/clock.ts";
import { systemClock } from "../../../base/clock.ts";
import { byteString } from "../../../base/byte-string.ts";
import type { FindingSink } from "../../../base/finding.ts";
import type { HexId } from "../../../base/ids.ts";
import type { ObjectStore } from "../../../storage/object-store.ts";
import { BlobDecoder } from "../../blob-decoder.ts";
import { BlobPacker, packerSettings, type PackSink } from "../../blob-packer.ts";
import type { BlobType } from "../../format/blob.ts";
import { timestampAt } from "../../format/timestamp.ts";
import { decodeTree } from "../../format/tree/decode.ts";
import { encodeTree } from "../../format/tree/encode.ts";
import type { Node } from "../../format/tree/node.ts";
import { BlobSet } from "../../index/blob-set.ts";
import { IndexWriter } from "../../index-writer.ts";
import { initRepository } from "../../init.ts";
import { folderOf, keyOfFile } from "../../layout.ts";
import type { FinishedPack } from "../../pack-buffer.ts";
import { openRepository, type Repository } from "../../repository.ts";
import { SealedFiles } from "../../sealed-files.ts";
import { openSession, type Session, type SessionOptions } from "../../session.ts";
import { saveSnapshot } from "../../snapshots.ts";

/** Goes on by itself, and in leaps when it is told to. Short waits take no time. */
export class LeapingClock implements Clock {
  #leaptMs = 0;

  now(): number {
    return Math.floor(systemClock.now()) + this.#leaptMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#leaptMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms >= 1_000) await systemClock.sleep(ms, signal);
  }

  leap(ms: number): void {
    this.#leaptMs += ms;
  }
}

const PACK_BYTES = 600;
const SECRET = { kind: "location-key", key: new Uint8Array(32) } as const;

/** Names of contents by file name: equal names are equal bytes. */
export type Files = Readonly<Record<string, readonly string[]>>;

export class SmallRepository {
  readonly repository: Repository;
  readonly clock: LeapingClock;

  constructor(repository: Repository, clock: LeapingClock) {
    this.repository = repository;
    this.clock = clock;
  }

  static async create(store: ObjectStore, clock: LeapingClock): Promise<SmallRepository> {
    return new SmallRepository(await initRepository(store, { secret: SECRET, owner: { username: "u", hostname: "h" }, clock }), clock);
  }

  static async open(store: ObjectStore, clock: LeapingClock): Promise<SmallRepository> {
    return new SmallRepository(await openRepository(store, SECRET), clock);
  }

  /** The same repository in another store, or behind a decorator of its own. */
  in(store: ObjectStore): SmallRepository {
    const { cipher, config } = this.repository;
    return new SmallRepository({ ...this.repository, store, files: new SealedFiles(store, cipher, config.version) }, this.clock);
  }

  async session(lock: SessionOptions["lock"], report: FindingSink = ({ message }) => assert.fail(message)): Promise<Session> {
    return openSession(this.repository, { lock, clock: this.clock, report, signal: new AbortController().signal });
  }

  async addSnapshot(files: Files): Promise<HexId> {
    await using session = await this.session("shared");
    return await this.addSnapshotIn(session, files);
  }

  /** Like a run that the session belongs to, whatever happened since that began. */
  async addSnapshotIn({ index }: Session, files: Files): Promise<HexId> {
    const finished: FinishedPack[] = [];
    const sink: PackSink = {
      take: (bytes) => new ArrayBuffer(bytes + 100_000),
      giveBack: () => undefined,
      store: (pack) => finished.push(pack),
    };
    const fresh = BlobSet.create();
    const packers = Object.fromEntries(
      (["data", "tree"] as const).map((type) => [
        type,
        new BlobPacker(type, { ...packerSettings(this.repository, "all"), packBytes: PACK_BYTES }, index, fresh, sink),
      ]),
    ) as Record<BlobType, BlobPacker>;
    const add = (type: BlobType, bytes: Uint8Array): HexId => {
      const id = new Uint8Array(32);
      packers[type].add(bytes, id, 0);
      return id.toHex() as HexId;
    };
    const nodes = Object.entries(files).map(([name, contents]): Node => {
      return node(name, { content: contents.map((content) => add("data", bytesOfContent(content))) });
    });
    const half = Math.floor(nodes.length / 2);
    const folders = [nodes.slice(0, half), nodes.slice(half)].map((part) => add("tree", encodeTree(part.toSorted(byName))));
    const tree = add("tree", encodeTree(folders.map((subtree, nr) => node(`folder-${nr}`, { subtree }))));
    for (const packer of Object.values(packers)) packer.flush();
    const writer = new IndexWriter(this.repository.files, this.clock);
    for (const pack of finished) {
      await this.repository.store.put(keyOfFile("data", pack.id), new Uint8Array(pack.buffer, 0, pack.lengthBytes));
      await writer.add(pack);
    }
    await writer.flush();
    const fields = {
      paths: ["/"],
      hostname: "h",
      username: "u",
      uid: 0,
      gid: 0,
      excludes: [],
      tags: [],
      programVersion: "",
      otherFields: {},
    };
    return saveSnapshot(this.repository, { ...fields, time: timestampAt(this.clock.now()), tree });
  }

  /** Every blob of every snapshot, by what the store has now. */
  async assertReadable(expected: ReadonlyMap<HexId, Files>): Promise<void> {
    await using session = await this.session("none");
    assert.deepEqual(new Set(session.snapshots.map(({ id }) => id)), new Set(expected.keys()));
    const decoder = new BlobDecoder(this.repository.masterKey);
    const read = async (type: BlobType, id: HexId): Promise<Uint8Array> => {
      const entry = session.index.findHex(type, id);
      assert.ok(entry >= 0, `${type} ${id} is not in the index`);
      const range = { offset: session.index.offsetOf(entry), length: session.index.lengthOf(entry) };
      const sealed = await this.repository.store.get(keyOfFile("data", session.index.packId(session.index.packOf(entry))), { range });
      return decoder.decode(sealed, session.index.uncompressedLengthOf(entry), id);
    };
    for (const { id, snapshot } of session.snapshots) {
      const files = new Map<string, Buffer>();
      for (const { subtree } of decodeTree(await read("tree", snapshot.tree))) {
        for (const { name, content = [] } of decodeTree(await read("tree", subtree ?? assert.fail("no folder")))) {
          const parts: Uint8Array[] = [];
          for (const blob of content) parts.push(await read("data", blob));
          files.set(name, Buffer.concat(parts));
        }
      }
      const wanted = Object.entries(expected.get(id) ?? {});
      assert.equal(files.size, wanted.length);
      for (const [name, contents] of wanted) assert.deepEqual(files.get(name), Buffer.concat(contents.map(bytesOfContent)), name);
    }
  }

  async removeLocks(): Promise<void> {
    for await (const { key } of this.repository.store.list(folderOf("locks"))) await this.repository.store.delete(key);
  }

  /** How many objects of a kind there are. */
  async count(type: "data" | "index" | "marks" | "snapshots" | "locks"): Promise<number> {
    return (await Array.fromAsync(this.repository.store.list(folderOf(type)))).length;
  }
}

function bytesOfContent(content: string): Uint8Array {
  return Buffer.from(`${content}, `.repeat(1 + (content.length % 5)));
}

function node(name: string, rest: Partial<Node>): Node {
  const times = { mtimeNs: 0n, atimeNs: 0n, ctimeNs: 0n };
  const base = { mode: 0o644, uid: 0, gid: 0, user: "", group: "", inode: 0n, deviceId: 0n, size: 0, links: 1, xattrs: [], device: 0n };
  return { ...times, ...base, name: byteString(Buffer.from(name)), type: rest.subtree === undefined ? "file" : "dir", ...rest };
}

function byName(a: Node, b: Node): number {
  return a.name < b.name ? -1 : 1;
}
