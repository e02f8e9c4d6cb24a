/**
 * A folder that is being walked. Nodes of its entries come in any order, as threads are done with them; they go into its tree in the
 * order of the names, as soon as all before them are there.
 */
import type { ByteString } from "../../base/byte-string.ts";
import { closeHandle, type FolderFd } from "../folder-handle.ts";

interface Entry {
  readonly name: ByteString;
  /** As JSON; `omitted`: nothing of the entry is kept; `awaited`: another thread makes it. */
  node: ByteString | "omitted" | "awaited";
  /** What there is of an awaited node before it is settled. */
  soFar?: () => ByteString | undefined;
}

/** An entry with its node as JSON. */
export interface SettledEntry {
  readonly name: ByteString;
  readonly node: ByteString;
}

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
  /** From the first entry whose node is awaited. */
  readonly #waiting: Entry[] = [];
  /** Slots before this one are in the tree, and nothing of them is kept: a folder can have a million entries. */
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
    if (this.#waiting.length === 0) {
      this.#events.addNode(name, node);
      this.#done++;
    } else {
      this.#waiting.push({ name, node });
    }
  }

  /** An entry whose node follows: settle() with the slot that this gives. */
  await(name: ByteString): number {
    this.#waiting.push({ name, node: "awaited" });
    return this.#done + this.#waiting.length - 1;
  }

  settle(slot: number, node: ByteString | "omitted"): void {
    const entry = this.#waiting[slot - this.#done];
    if (entry !== undefined) entry.node = node;
    if (slot === this.#done) this.#drain();
  }

  /** Who can be asked what there is of an awaited node. */
  begin(slot: number, soFar: () => ByteString | undefined): void {
    const entry = this.#waiting[slot - this.#done];
    if (entry !== undefined) entry.soFar = soFar;
  }

  /** What was not given to addNode() yet, without entries of which there is nothing, in the order of the names. */
  *soFar(): Generator<SettledEntry, void, undefined> {
    for (const { name, node, soFar } of this.#waiting) {
      const known = node === "awaited" ? soFar?.() : node;
      if (known !== undefined && known !== "omitted") yield { name, node: known };
    }
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
    const awaited = this.#waiting.findIndex(({ node }) => node === "awaited");
    const settled = this.#waiting.splice(0, awaited < 0 ? this.#waiting.length : awaited);
    for (const { name, node } of settled) if (node !== "omitted") this.#events.addNode(name, node as ByteString);
    this.#done += settled.length;
    if (this.#listed && this.#waiting.length === 0) this.#events.complete();
  }

  #closeUnused(): void {
    if (!this.#listed || this.#users > 0 || !this.#open) return;
    this.#open = false;
    closeHandle(this.fd);
    this.#events.closed();
  }
}
