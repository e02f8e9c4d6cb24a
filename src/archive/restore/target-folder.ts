/**
 * A folder in the target, by handle. It gets its attributes when nothing in it is being written any more, so those below come first;
 * then the handle is closed.
 */
import { type ByteString, displayText } from "../../base/byte-string.ts";
import { closeHandle, type FolderFd, openFolderIn } from "../folder-handle.ts";

export interface OpenFolder {
  readonly fd: FolderFd;
  /** It was there before, so any entry may be. */
  readonly isOld: boolean;
  /** It gives an owner, a group or ACLs to new entries. */
  readonly inherits: boolean;
  /** It is to get its node's attributes. */
  readonly isOurs: boolean;
}

/** `planned`: it would be made, in a dry run. `failed`: it cannot be had, as a finding says. */
export type FolderState = OpenFolder | "planned" | "failed";

/** How many folders wait for other threads, with their handles open. */
export interface WaitingFolders {
  count: number;
}

export interface TargetFolderOptions {
  /** A function is called once something is to be in the folder, after those of the folders above. */
  readonly state: FolderState | (() => FolderState);
  readonly waiting: WaitingFolders;
  /** Gives it its attributes. */
  readonly finish: (fd: FolderFd) => void;
}

export class TargetFolder {
  readonly parent: TargetFolder | undefined;
  readonly name: ByteString;
  /** From the target on, "" for the target itself. */
  readonly path: ByteString;
  readonly depth: number;
  #state: FolderState | (() => FolderState);
  readonly #waiting: WaitingFolders;
  readonly #finish: (fd: FolderFd) => void;
  /** Entries that are being made, and the walk as long as it is in it. */
  #users = 1;
  #isWalked = false;

  constructor(parent: TargetFolder | undefined, name: ByteString, { state, waiting, finish }: TargetFolderOptions) {
    this.parent = parent;
    this.name = name;
    this.path = parent === undefined ? ("" as ByteString) : (`${parent.path}/${name}` as ByteString);
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.#state = state;
    this.#waiting = waiting;
    this.#finish = finish;
    parent?.hold();
  }

  /** Before anything is put into it. False if it cannot be had. */
  ensure(): boolean {
    if (typeof this.#state === "function") this.#state = this.parent?.ensure() === false ? "failed" : this.#state();
    return this.#state !== "failed";
  }

  get exists(): boolean {
    return this.#open !== undefined;
  }

  /** Open until as many calls of release() as of hold(), and of leave(). */
  get fd(): FolderFd {
    return this.#open?.fd ?? -1;
  }

  get isOld(): boolean {
    return this.#open?.isOld ?? false;
  }

  get inherits(): boolean {
    return this.#open?.inherits ?? false;
  }

  get #open(): OpenFolder | undefined {
    return typeof this.#state === "object" ? this.#state : undefined;
  }

  /** For people. */
  pathOf(name: ByteString): string {
    return displayText(`${this.path}/${name}`.slice(1) as ByteString);
  }

  hold(): void {
    this.#users++;
  }

  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    if (this.#isWalked) this.#waiting.count--;
    const open = this.#open;
    try {
      if (open?.isOurs === true) this.#finish(open.fd);
    } finally {
      if (open !== undefined) closeHandle(open.fd);
      this.parent?.release();
    }
  }

  /** The walk is through with it. */
  leave(): void {
    if (this.#users > 1) {
      this.#isWalked = true;
      this.#waiting.count++;
    }
    this.release();
  }

  /** A new handle of it, which the caller closes. Throws what the system does if anything else took a place on the way. */
  reopen(root: FolderFd): FolderFd {
    if (this.parent === undefined) return openFolderIn(root, "." as ByteString);
    const above = this.parent.reopen(root);
    try {
      return openFolderIn(above, this.name);
    } finally {
      closeHandle(above);
    }
  }
}
