/** A file that several threads read at once, each a part of it. */
import type { ByteString } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import type { FileStat } from "../../native/files.ts";
import { encodeNode } from "../../repository/format/tree/encode.ts";
import type { ExtendedAttribute } from "../../repository/format/tree/node.ts";
import { nodeOf } from "../stat-node.ts";
import { changedFinding, fileFinding, replacedFinding } from "./file-findings.ts";
import type { FileToRead, ReadRange } from "./reader-messages.ts";
import type { WalkParts } from "./walk-parts.ts";

const ID_BYTES = 32;

export class LargeFile {
  readonly #file: FileToRead;
  readonly #stat: FileStat;
  /** For people. */
  readonly #path: string;
  readonly #cutBytes: number;
  readonly #parts: WalkParts;

  constructor(file: FileToRead, stat: FileStat, path: string, cutBytes: number, parts: WalkParts) {
    this.#file = file;
    this.#stat = stat;
    this.#path = path;
    this.#cutBytes = cutBytes;
    this.#parts = parts;
  }

  read(settle: (node: ByteString | "omitted") => void): void {
    const size = this.#stat.size;
    const count = Math.ceil(size / this.#cutBytes);
    const ranges: (ReadRange | undefined)[] = Array.from({ length: count }, () => undefined);
    let left = count;
    for (let at = 0; at < count; at++) {
      const from = at * this.#cutBytes;
      this.#parts.readers.readRange(this.#file, from, Math.min(from + this.#cutBytes, size), (range) => {
        ranges[at] = range;
        if (--left === 0) settle(this.#nodeFrom(ranges));
      });
    }
  }

  #nodeFrom(ranges: readonly (ReadRange | undefined)[]): ByteString | "omitted" {
    const content: HexId[] = [];
    const xattrs: ExtendedAttribute[] = [];
    let bytes = 0;
    let changed = false;
    for (const range of ranges) {
      if (range?.kind !== "content") {
        const failure = range?.kind === "failed" ? fileFinding(this.#path, { code: range.code }) : replacedFinding(this.#path);
        this.#parts.report(failure);
        return "omitted";
      }
      for (let at = 0; at < range.ids.length; at += ID_BYTES) content.push(range.ids.subarray(at, at + ID_BYTES).toHex() as HexId);
      changed ||= range.mtimeNs !== this.#stat.mtimeNs || range.ctimeNs !== this.#stat.ctimeNs;
      bytes += range.bytes;
      xattrs.push(...range.xattrs);
    }
    if (changed || bytes !== this.#stat.size) this.#parts.report(changedFinding(this.#path));
    this.#parts.counters.add("files");
    return encodeNode(nodeOf(this.#file.name, this.#stat, this.#parts.style, { content, size: bytes, xattrs }));
  }
}
