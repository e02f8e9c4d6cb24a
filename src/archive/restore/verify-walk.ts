/** Reads back the files that a restore made and compares them with the snapshot. */
import { fstatSync } from "node:fs";
import { type ByteString, displayText } from "../../base/byte-string.ts";
import type { HexId } from "../../base/ids.ts";
import type { ScannedNode } from "../../repository/format/tree/decode.ts";
import { closeHandle, type FolderFd, openFileIn, openFolderIn } from "../folder-handle.ts";
import { codeOf } from "./attributes.ts";
import type { ContentCheck } from "./content-check.ts";
import type { RestoreCounters } from "./counters.ts";
import type { RestoreFindings } from "./findings.ts";
import type { Overwrite } from "./options.ts";
import type { CompiledSelection } from "./selection.ts";
import { isDamage, type Trees } from "./trees.ts";

export interface VerifyParts {
  readonly trees: Trees;
  readonly content: ContentCheck;
  readonly findings: RestoreFindings;
  readonly counters: RestoreCounters;
  readonly selection: CompiledSelection;
  readonly overwrite: Overwrite;
  readonly throwIfStopped: () => void;
}

/** Nothing, or something else, is where it was. */
const GONE = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"]);

export class VerifyWalk {
  readonly #parts: VerifyParts;

  constructor(parts: VerifyParts) {
    this.#parts = parts;
  }

  /** @param path of the folder, for patterns */
  async verify(folder: FolderFd | "gone", tree: HexId, entry: ByteString | undefined, path = "" as ByteString): Promise<void> {
    try {
      const nodes = await this.#parts.trees.open(tree);
      for (let node = nodes.next(); node !== undefined; node = nodes.next()) {
        this.#parts.throwIfStopped();
        const nodePath = `${path}/${node.name}` as ByteString;
        if ((entry !== undefined && node.name !== entry) || this.#parts.findings.failedPaths.has(shown(nodePath))) continue;
        if (node.type === "dir") await this.#verifyFolder(folder, node, nodePath);
        else if (node.type === "file" && this.#parts.selection.takes(nodePath)) this.#verifyFile(folder, node, nodePath);
      }
    } catch (error) {
      // The restore reported it.
      if (!isDamage(error)) throw error;
    }
  }

  async #verifyFolder(parent: FolderFd | "gone", { name, subtree }: ScannedNode, path: ByteString): Promise<void> {
    const { selection, findings } = this.#parts;
    if (subtree === undefined || !selection.mayTakeBelow(path)) return;
    const folder = parent === "gone" ? parent : this.#open(path, () => openFolderIn(parent, name));
    if (folder === undefined) return;
    // One that is not selected is there only if something below it is.
    if (folder === "gone" && selection.takes(path)) {
      findings.differs(shown(path));
      return;
    }
    try {
      await this.verify(folder, subtree, undefined, path);
    } finally {
      if (folder !== "gone") closeHandle(folder);
    }
  }

  #verifyFile(folder: FolderFd | "gone", node: ScannedNode, path: ByteString): void {
    const fd = folder === "gone" ? folder : this.#open(path, () => openFileIn(folder, node.name));
    if (fd === "gone") this.#parts.findings.differs(shown(path));
    if (typeof fd !== "number") return;
    try {
      const isOurs = fstatSync(fd, { bigint: true }).mtimeNs === node.mtimeNs;
      // What was kept as it was need not be as the snapshot has it.
      if (!isOurs && (this.#parts.overwrite === "never" || this.#parts.overwrite === "if-newer")) return;
      if (this.#parts.content.has(fd, node.contentBytes())) this.#parts.counters.add("verified");
      else this.#parts.findings.differs(shown(path));
    } catch (error) {
      this.#parts.findings.failed(shown(path), error);
    } finally {
      closeHandle(fd);
    }
  }

  /** Undefined, and a finding, if it is there and cannot be opened. */
  #open(path: ByteString, open: () => number): number | "gone" | undefined {
    try {
      return open();
    } catch (error) {
      const code = codeOf(error);
      if (code === "") throw error;
      if (GONE.has(code)) return "gone";
      this.#parts.findings.odd("partial", "entry_not_verified", shown(path), `Cannot read "${shown(path)}" back: ${code}`);
      return undefined;
    }
  }
}

function shown(path: ByteString): string {
  return displayText(path.slice(1) as ByteString);
}
