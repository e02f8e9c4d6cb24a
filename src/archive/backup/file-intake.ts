/** Has files read by other threads, and puts what these make of them into their folders' trees. */
import { type ByteString, displayText } from "../../base/byte-string.ts";
import type { Finding } from "../../base/finding.ts";
import type { FileStat } from "../../native/files.ts";
import { changedFinding, fileFinding, replacedFinding } from "./file-findings.ts";
import { LargeFile } from "./large-file.ts";
import type { OpenFolder } from "./open-folder.ts";
import type { FileToRead, ReadFile } from "./reader-messages.ts";
import type { WalkParts } from "./walk-parts.ts";

/** Puts a file into its folder's tree, or leaves it out. */
type Settle = (node: ByteString | "omitted") => void;

export class FileIntake {
  readonly #parts: WalkParts;

  constructor(parts: WalkParts) {
    this.#parts = parts;
  }

  /** A new file, of which nobody knows yet how long it is. */
  readUnseen(folder: OpenFolder, name: ByteString): void {
    const file = { folder: folder.fd, name };
    const settle = this.#await(folder, name, "filesNew");
    this.#parts.readers.readShortFile(file, (result) => {
      if (result.kind !== "longer") this.#take(folder, name, result, settle);
      else this.#parts.readers.whenRoom(() => this.#read(folder, file, result.stat, settle));
    });
  }

  read(folder: OpenFolder, name: ByteString, stat: FileStat, kind: "filesChanged" | "filesNew"): void {
    this.#read(folder, { folder: folder.fd, name }, stat, this.#await(folder, name, kind));
  }

  /** Takes a place in the folder for a file that is read meanwhile. */
  #await(folder: OpenFolder, name: ByteString, kind: "filesChanged" | "filesNew"): Settle {
    const slot = folder.await(name);
    folder.hold();
    return (node) => {
      folder.release();
      if (node !== "omitted") this.#parts.counters.add(kind);
      folder.settle(slot, node);
    };
  }

  #read(folder: OpenFolder, file: FileToRead, stat: FileStat, settle: Settle): void {
    const cut = this.#parts.forcedCutBytes;
    if (cut !== undefined && stat.size > cut) {
      new LargeFile(file, stat, `${folder.path}/${displayText(file.name)}`, cut, this.#parts).read(settle);
      return;
    }
    this.#parts.readers.readFile(file, stat.size, (result) => this.#take(folder, file.name, result, settle));
  }

  #take(folder: OpenFolder, name: ByteString, result: ReadFile, settle: Settle): void {
    if (result.kind === "node" && !result.changed) {
      settle(result.json);
      return;
    }
    const object = `${folder.path}/${displayText(name)}`;
    this.#parts.report(findingOf(result, object));
    settle(result.kind === "node" ? result.json : "omitted");
  }
}

function findingOf(result: ReadFile, object: string): Finding {
  switch (result.kind) {
    case "failed":
      return fileFinding(object, { code: result.code });
    case "node":
      return changedFinding(object);
    default:
      return replacedFinding(object);
  }
}
