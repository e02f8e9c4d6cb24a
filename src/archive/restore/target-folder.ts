/**
 * A folder in the target, by handle. It gets its attributes when nothing in it is being written any more, so those below come first;
 * then the handle is closed.
 */
import { type ByteString, displayText } from "../../base/byte-string.ts";
import { closeHandle, type FolderFd, openFolderIn } from "../folder-handle.ts";

export interface FolderState {
  readonly fd: FolderFd;
  /** It was there before, so any entry may be. */
  readonly isOld: boolean;
  /** It gives an owner, a group or ACLs to new entries. */
  readonly inherits: boolean;
}

/** How many folders wait for other threads, with their handles open. */
export interface WaitingFolders {
  count: number;
}

export class TargetFolder {
  readonly parent: TargetFolder | undefined;
  readonly name: ByteString;
  /** From the target on, "" for the target itself. */
  readonly path: ByteString;
  readonly depth: number;
  readonly #state: FolderState | undefined;
  readonly #waiting: WaitingFolders;
  readonly #finish: (fd: FolderFd) => void;
  /** Entries that are being made, and the walk as long as it is in it. */
  #users = 1;
  #isWalked = false;

  /**
   * @param state undefined: it does not exist, in a dry run
   * @param finish gives it its attributes
   */
  constructor(
    parent: TargetFolder | undefined,
    name: ByteString,
    state: FolderState | undefined,
    waiting: WaitingFolders,
    finish: (fd: FolderFd) => void,
  ) {
    this.parent = parent;
    this.name = name;
    this.path = parent === undefined ? ("" as ByteString) : (`${parent.path}/${name}` as ByteString);
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.#state = state;
    this.#waiting = waiting;
    this.#finish = finish;
    parent?.hold();
  }

  get exists(): boolean {
    return this.#state !== undefined;
  }

  /** Open until as many calls of release() as of hold(), and of leave(). */
  get fd(): FolderFd {
    return this.#state?.fd ?? -1;
  }

  get isOld(): boolean {
    return this.#state?.isOld ?? false;
  }

  get inherits(): boolean {
    return this.#state?.inherits ?? false;
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
    try {
      if (this.#state !== undefined) this.#finish(this.#state.fd);
    } finally {
      if (this.#state !== undefined) closeHandle(this.#state.fd);
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
