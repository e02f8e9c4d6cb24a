/** A file or folder of a snapshot as a stream of bytes. */
import type { ByteString } from "../../base/byte-string.ts";
import { displayText } from "../../base/byte-string.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { Node } from "../../repository/format/tree/node.ts";
import type { Session } from "../../repository/session.ts";
import { FileContents } from "./file-content.ts";
import { isDamage, type SnapshotTrees, walkTree } from "./snapshot-trees.ts";
import { ARCHIVE_END, isArchived, padding, tarHeader } from "./tar.ts";

/** The content of one file. @throws {DomainError} corrupt */
export async function* dumpFile(session: Session, node: Node): AsyncGenerator<Uint8Array, void, undefined> {
  yield* new FileContents(session).read(node.content ?? []);
}

export interface ArchiveOptions {
  /** The folder itself, which then is an entry, with all others below it. */
  readonly folder?: Node | undefined;
  /** Told each path, those of folders with a slash at the end; all are wanted if it is not given. */
  readonly isWanted?: ((path: ByteString) => boolean) | undefined;
}

/**
 * All of a folder as a tar archive, its entries at the top.
 *
 * @throws {DomainError} corrupt/file_damaged: an archive cannot go on within a file
 */
export async function* dumpArchive(
  session: Session,
  trees: SnapshotTrees,
  tree: HexId,
  report: FindingSink,
  { folder, isWanted = () => true }: ArchiveOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const contents = new FileContents(session);
  const linked = new Map<string, ByteString>();
  const top = folder === undefined ? "" : `/${folder.name}`;
  if (folder !== undefined && isWanted(`${folder.name}/` as ByteString)) yield tarHeader(`${folder.name}/` as ByteString, folder, 0);
  for await (const walked of walkTree(trees, tree, { path: top as ByteString, report })) {
    const node = walked.node.decode();
    const path = `${walked.path.slice(1)}${node.type === "dir" ? "/" : ""}` as ByteString;
    if (!isWanted(path)) continue;
    if (!isArchived(node)) {
      report({
        grade: "info",
        code: "not_archived",
        object: displayText(path),
        message: `Left out "${displayText(path)}": archives have no such thing`,
      });
      continue;
    }
    const file = node.links > 1 && node.type !== "dir" ? `${node.deviceId} ${node.inode}` : undefined;
    const earlier = file === undefined ? undefined : linked.get(file);
    if (earlier !== undefined) {
      yield tarHeader(path, node, 0, earlier);
      continue;
    }
    if (file !== undefined) linked.set(file, path);
    if (node.type === "file") yield* dumpEntry(contents, path, node);
    else yield tarHeader(path, node, 0);
  }
  yield ARCHIVE_END;
}

/** One file, or link, as a tar archive. @throws {DomainError} corrupt/file_damaged */
export async function* dumpArchiveOf(session: Session, node: Node): AsyncGenerator<Uint8Array, void, undefined> {
  if (node.type === "file") yield* dumpEntry(new FileContents(session), node.name, node);
  else yield tarHeader(node.name, node, 0);
  yield ARCHIVE_END;
}

/** @throws {DomainError} corrupt/file_damaged */
async function* dumpEntry(contents: FileContents, path: ByteString, node: Node): AsyncGenerator<Uint8Array, void, undefined> {
  yield tarHeader(path, node, node.size);
  let left = node.size;
  try {
    for await (const blob of contents.read(node.content ?? [])) {
      left -= blob.length;
      if (left < 0) break;
      yield blob;
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw damaged(path, asDomainError(error).message, error);
  }
  if (left !== 0) throw damaged(path, "its content has another length than its folder says");
  yield padding(node.size);
}

function damaged(path: ByteString, state: string, cause?: unknown): DomainError {
  return new DomainError("corrupt", "file_damaged", `Cannot put "${displayText(path)}" into the archive: ${state}`, {
    cause,
    hint: "Restore the folder instead, which goes on behind damaged files",
  });
}
