/** For tests: a repository with snapshots of small trees that a test writes down, without any files. */
import { byteStringOf } from "../../base/byte-string.ts";
import { concatBytes } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { BlobPacker, PACK_BUFFER_BYTES, packerSettings } from "../blob-packer.ts";
import type { BlobType } from "../format/blob.ts";
import type { Snapshot } from "../format/snapshot.ts";
import { timestampAt } from "../format/timestamp.ts";
import { TreeEncoder } from "../format/tree/encode.ts";
import type { Node } from "../format/tree/node.ts";
import { BlobSet } from "../index/blob-set.ts";
import { IndexWriter } from "../index-writer.ts";
import { initRepository, type InitOptions } from "../init.ts";
import type { KeyOwner } from "../keys.ts";
import { keyOfFile } from "../layout.ts";
import type { FinishedPack } from "../pack-buffer.ts";
import type { Repository } from "../repository.ts";
import { newLocationKey, type RepositorySecret } from "../secret.ts";
import { openSession, type Session } from "../session.ts";
import { saveSnapshot, type StoredSnapshot } from "../snapshots.ts";

/** Text: a file of one blob. A list: a file of several. An object: a folder. */
export interface SampleTree {
  readonly [name: string]: string | readonly string[] | SampleTree;
}

/** The cheap kind: opening it takes a tenth of a second. */
export const SAMPLE_SECRET: RepositorySecret = newLocationKey();
export const SAMPLE_OWNER: KeyOwner = { username: "ann", hostname: "here" };

export class SampleRepository {
  readonly repository: Repository;
  readonly #clock: Clock;

  constructor(repository: Repository, clock: Clock) {
    this.repository = repository;
    this.#clock = clock;
  }

  static async init(store: ObjectStore, clock: Clock, options: Partial<InitOptions> = {}): Promise<SampleRepository> {
    return new SampleRepository(await initRepository(store, { secret: SAMPLE_SECRET, owner: SAMPLE_OWNER, clock, ...options }), clock);
  }

  /** Stores the tree, in packs and an index file of its own, and then the snapshot. */
  async addSnapshot(tree: SampleTree, fields: Partial<Snapshot> = {}): Promise<StoredSnapshot> {
    const root = await this.addTree(tree);
    const snapshot: Snapshot = {
      time: timestampAt(this.#clock.now()),
      tree: root,
      paths: ["/"],
      hostname: "sample",
      username: "ann",
      uid: 0,
      gid: 0,
      excludes: [],
      tags: [],
      programVersion: "test",
      otherFields: {},
      ...fields,
    };
    return { id: await saveSnapshot(this.repository, snapshot), snapshot };
  }

  async addTree(tree: SampleTree): Promise<HexId> {
    const { files, store } = this.repository;
    await using session = await this.session();
    const packs: FinishedPack[] = [];
    const sink = { take: (bytes: number) => new ArrayBuffer(Math.max(bytes, PACK_BUFFER_BYTES)), giveBack: () => undefined };
    const packer = (type: BlobType): BlobPacker =>
      new BlobPacker(type, packerSettings(this.repository, "all"), session.index, BlobSet.create(), {
        ...sink,
        store: (pack) => void packs.push(pack),
      });
    const packers = { data: packer("data"), tree: packer("tree") };
    const root = storeFolder(tree, packers);
    for (const type of ["data", "tree"] as const) packers[type].flush();
    const index = new IndexWriter(files, this.#clock);
    for (const { id, buffer, lengthBytes, blobs } of packs) {
      await store.put(keyOfFile("data", id), new Uint8Array(buffer, 0, lengthBytes));
      await index.add({ id, lengthBytes, blobs });
    }
    await index.flush();
    return root;
  }

  /** Without a lock: nothing else is at work. */
  async session(findings: Finding[] = [], signal: AbortSignal = new AbortController().signal): Promise<Session> {
    return openSession(this.repository, { lock: "none", clock: this.#clock, report: (finding) => void findings.push(finding), signal });
  }
}

type Packers = Readonly<Record<BlobType, BlobPacker>>;

function storeFolder(tree: SampleTree, packers: Packers): HexId {
  const pieces: Uint8Array[] = [];
  const encoder = new TreeEncoder((piece) => void pieces.push(Uint8Array.from(piece)));
  const names = Object.keys(tree).toSorted((a, b) => (byteStringOf(a) < byteStringOf(b) ? -1 : 1));
  for (const name of names) encoder.add(nodeOf(name, tree[name] ?? "", packers));
  encoder.finish();
  return storeBlob(packers.tree, concatBytes(pieces));
}

function nodeOf(name: string, entry: SampleTree[string], packers: Packers): Node {
  const common = {
    name: byteStringOf(name),
    mtimeNs: 1_700_000_000_000_000_000n,
    atimeNs: 1_700_000_000_000_000_000n,
    ctimeNs: 1_700_000_000_000_000_000n,
    uid: 0,
    gid: 0,
    user: "",
    group: "",
    inode: 0n,
    deviceId: 0n,
    links: 1,
    xattrs: [],
    device: 0n,
  };
  const contents = typeof entry === "string" ? [entry] : entry;
  if (!isList(contents)) return { ...common, type: "dir", mode: 2 ** 31 + 0o755, size: 0, subtree: storeFolder(contents, packers) };
  const blobs = contents.map((text) => Buffer.from(text)).filter(({ length }) => length > 0);
  const size = blobs.reduce((sum, { length }) => sum + length, 0);
  return { ...common, type: "file", mode: 0o644, size, content: blobs.map((blob) => storeBlob(packers.data, blob)) };
}

function isList(entry: readonly string[] | SampleTree): entry is readonly string[] {
  return Array.isArray(entry);
}

function storeBlob(packer: BlobPacker, content: Uint8Array): HexId {
  const id = new Uint8Array(32);
  packer.add(content, id, 0);
  return id.toHex() as HexId;
}
