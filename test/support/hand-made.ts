/** Repositories whose trees a test makes by hand, as no backup would. */
import { byteStringOf } from "../../src/base/byte-string.ts";
import type { HexId } from "../../src/base/ids.ts";
import type { MasterKey } from "../../src/repository/format/cipher.ts";
import { newGearParameters } from "../../src/repository/chunker/gear.ts";
import { serializeSnapshot } from "../../src/repository/format/snapshot.ts";
import { timestampAt } from "../../src/repository/format/timestamp.ts";
import type { Node } from "../../src/repository/format/tree/node.ts";
import { PASSWORD } from "./backup.ts";
import { createRepository, type NewRepository, writeSealed } from "./plain-repository.ts";

export const MASTER_KEY: MasterKey = {
  encryption: new Uint8Array(32).fill(1),
  macK: new Uint8Array(16).fill(2),
  macR: Uint8Array.fromHex("0f0f0f0f0c0f0f0f0c0f0f0f0c0f0f0f"),
};
/** Of no blob and no pack. */
export const UNKNOWN_ID = "ab".repeat(32) as HexId;

/** An empty one. */
export async function makeRepository(folder: string): Promise<NewRepository> {
  const config = {
    version: 2,
    id: UNKNOWN_ID,
    chunkerPolynomial: 0x3da3358b4dc173n,
    chunker: newGearParameters(),
    otherFields: {},
  } as const;
  const repository = { folder, password: PASSWORD, masterKey: MASTER_KEY, config };
  await createRepository(repository);
  return repository;
}

export function folderNode(name: string, subtree: HexId): Node {
  return { ...fileNode(name, []), type: "dir", mode: 0x8000_01ed, content: undefined, subtree } as unknown as Node;
}

export function fileNode(name: string, content: readonly HexId[], size = 0): Node {
  const times = { mtimeNs: 0n, atimeNs: 0n, ctimeNs: 0n };
  const owner = { uid: 0, gid: 0, user: "", group: "", inode: 0n, deviceId: 0n, links: 1, device: 0n };
  return { name: byteStringOf(name), type: "file", mode: 0o644, ...times, ...owner, size, xattrs: [], content };
}

/** Gives its id. */
export async function writeSnapshot(repository: NewRepository, tree: HexId): Promise<string> {
  const who = { hostname: "", username: "", uid: 0, gid: 0, excludes: [], tags: [], programVersion: "" };
  return writeSealed(repository, "snapshots", serializeSnapshot({ time: timestampAt(1), tree, paths: ["/"], ...who, otherFields: {} }));
}
