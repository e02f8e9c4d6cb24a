/**
 * What is particular about the tree of a volume: its nodes do not depend on the node that it is mounted on, its root folder has attributes
 * that count (a database refuses a folder that others may read), and several are stored before one snapshot names all of them.
 */
import { createHash } from "node:crypto";
import { type ByteString, byteStringOf, bytesOf } from "../base/byte-string.ts";
import { mapConcurrent } from "../base/concurrency.ts";
import type { HexId } from "../base/ids.ts";
import { fileCalls } from "../native/files.ts";
import { decodeNode } from "../repository/format/tree/decode.ts";
import { encodeNode } from "../repository/format/tree/encode.ts";
import { isSameSource, listResumeRecords, type ResumeSource } from "../repository/resume-records.ts";
import type { Session } from "../repository/session.ts";
import { closeHandle, openFolderAt } from "./folder-handle.ts";
import { type NodeStyle, nodeOf } from "./stat-node.ts";
import { readXattrs } from "./xattrs.ts";

/** What the root folder is called in its node, until somebody gives it the name of the claim. */
const ROOT_NAME = byteStringOf("volume");
/** The name that stands for an open folder itself. */
const ITSELF = "" as ByteString;
/** In the place of a host: no machine has such a name. */
const RESUME_HOST = "holdfast.dev/volume";
const CONCURRENT_REMOVALS = 4;

/**
 * Stands for a volume's file system in its nodes, `NodeStyle.volumeId`. restic joins hard links by it and the file's number over the
 * whole snapshot: two volumes must never have the same.
 *
 * @param claimUid of the PersistentVolumeClaim
 */
export function volumeIdOf(claimUid: string): bigint {
  return createHash("sha256").update(claimUid).digest().readBigUInt64BE();
}

/** How resume records name a volume, wherever it is mounted. */
export function volumeResumeSource(claimUid: string): ResumeSource {
  return { host: RESUME_HOST, paths: [claimUid] };
}

/** When a snapshot names the trees of these volumes, nobody goes on from what was noted on the way there. */
export async function endVolumeResumption(session: Session, claimUids: readonly string[]): Promise<void> {
  const { repository, signal } = session;
  const sources = claimUids.map(volumeResumeSource);
  const { records } = await listResumeRecords(repository.files, 0, { signal });
  const done = records.filter(({ source }) => sources.some((own) => isSameSource(own, source)));
  await mapConcurrent(done, { limit: CONCURRENT_REMOVALS, signal }, async ({ id }) => repository.files.remove("resume", id, { signal }));
}

/** What the root folder of a volume is like, read before what is in it is. Gives its node once the tree is known: JSON, as in trees. */
export function readRoot(path: string, style: NodeStyle): (subtree: HexId) => string {
  const fd = openFolderAt(path);
  try {
    const [stat, xattrs] = [fileCalls().statIn(fd, ITSELF), readXattrs(fd)];
    return (subtree) => bytesOf(encodeNode(nodeOf(ROOT_NAME, stat, style, { subtree, xattrs }))).toString("utf8");
  } finally {
    closeHandle(fd);
  }
}

/** A node of a tree, as readRoot() gives it, under another name: to be added to a tree. */
export function renamedNode(json: string, name: ByteString): ByteString {
  return encodeNode({ ...decodeNode(Buffer.from(json, "utf8")), name });
}

/** The same node without its extended attributes. */
export function withoutXattrs(json: string): string {
  return bytesOf(encodeNode({ ...decodeNode(Buffer.from(json, "utf8")), xattrs: [] })).toString("utf8");
}
