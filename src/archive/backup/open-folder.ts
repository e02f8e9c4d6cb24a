/**
 * A folder that is being walked. Nodes of its entries come in any order, as threads are done with them; they go into its tree in the
 * order of the names, as soon as all before them are there.
 */
import type { ByteString } from "../../base/byte-string.ts";
import { closeHandle, type FolderFd } from "../folder-handle.ts";

/** An entry's node as JSON; `omitted`: nothing of the entry is kept; `awaited`: another thread makes it. */
type EntryNode = ByteString | "omitted" | "awaited";

export interface FolderEvents {
  /** In the order of the names. */
  readonly addNode: (name: ByteString, node: ByteString) => void;
  /** Every entry was given to addNode() or left out. */
  readonly complete: () => void;
  /** The handle is. That may be before or after it is complete. */
  readonly closed: () => void;
}

export class OpenFolder {
  readonly fd: FolderFd;
  /** For people: escaped. */
  readonly path: string;
  readonly #events: FolderEvents;
  readonly #names: ByteString[] = [];
  readonly #nodes: EntryNode[] = [];
  /** Slots up to this one are in the tree. */
  #done = 0;
  /** Files that other threads reach through the handle. */
  #users = 0;
  #listed = false;
  #open = true;

  constructor(fd: FolderFd, path: string, events: FolderEvents) {
    this.fd = fd;
    this.path = path;
    this.#events = events;
  }

  /** An entry whose node is known. Entries come in the order of their names' bytes. */
  add(name: ByteString, node: ByteString): void {
    this.#nodes.push(node);
    this.#names.push(name);
    if (this.#done === this.#nodes.length - 1) this.#drain();
  }

  /** An entry whose node follows: settle() with the slot that this gives. */
  await(name: ByteString): number {
    this.#nodes.push("awaited");
    return this.#names.push(name) - 1;
  }

  settle(slot: number, node: ByteString | "omitted"): void {
    this.#nodes[slot] = node;
    if (slot === this.#done) this.#drain();
  }

  /** Keeps the handle open for other threads, until as many calls of release(). */
  hold(): void {
    this.#users++;
  }

  release(): void {
    this.#users--;
    this.#closeUnused();
  }

  /** No entry follows. */
  finishList(): void {
    this.#listed = true;
    this.#closeUnused();
    this.#drain();
  }

  #drain(): void {
    for (; this.#done < this.#nodes.length; this.#done++) {
      const node = this.#nodes[this.#done];
      const name = this.#names[this.#done];
      if (node === undefined || name === undefined || node === "awaited") return;
      if (node !== "omitted") this.#events.addNode(name, node);
      // Not needed any more: a folder of a million files must not be in memory twice.
      this.#nodes[this.#done] = "omitted";
    }
    if (this.#listed) this.#events.complete();
  }

  #closeUnused(): void {
    if (!this.#listed || this.#users > 0 || !this.#open) return;
    this.#open = false;
    closeHandle(this.fd);
    this.#events.closed();
  }
}
