/** A stream, as standard input, as the only file of a snapshot. */
import { displayText } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { goModeOf } from "../../repository/format/tree/node.ts";
import { encodeNode } from "../../repository/format/tree/encode.ts";
import type { ReadRange } from "./reader-messages.ts";
import type { StreamSource } from "./source.ts";
import { storeTree } from "./store-tree.ts";
import { TreeBlob } from "./tree-blob.ts";
import type { WalkParts } from "./walk-parts.ts";

const ID_BYTES = 32;
/** What a file made by a shell's redirection would have. */
const FILE_MODE = 0o100644;

/** @throws {DomainError} unavailable/stream_unreadable */
export async function readStream({ fd, name, nowNs }: StreamSource, { readers, packer, counters, style }: WalkParts): Promise<HexId> {
  const { promise, resolve } = Promise.withResolvers<ReadRange>();
  readers.readStream(fd, resolve);
  const range = await promise;
  if (range.kind !== "content") {
    const state = range.kind === "failed" ? range.code : "it is gone";
    throw new DomainError("unavailable", "stream_unreadable", `Cannot read "${displayText(name)}" from standard input: ${state}`);
  }
  const content = Array.from({ length: range.ids.length / ID_BYTES }, (_, at) => {
    return range.ids.subarray(at * ID_BYTES, (at + 1) * ID_BYTES).toHex() as HexId;
  });
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const tree = new TreeBlob(packer);
  tree.add(
    name,
    encodeNode({
      name,
      type: "file",
      mode: goModeOf(FILE_MODE),
      mtimeNs: nowNs,
      atimeNs: nowNs,
      ctimeNs: nowNs,
      uid,
      gid,
      user: style.names.users.get(uid) ?? "",
      group: style.names.groups.get(gid) ?? "",
      inode: 0n,
      deviceId: 0n,
      size: range.bytes,
      links: 1,
      xattrs: [],
      device: 0n,
      content,
    }),
  );
  counters.add("files");
  counters.add("filesNew");
  return storeTree(tree, [], { packer, counters });
}
