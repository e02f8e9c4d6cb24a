/** How many folders are open: those that were walked stay so for readers, and a process may be allowed as few as 1,024 files. */
const MAX_WAITING_FOLDERS = 256;

export class FolderRoom {
  #open = 0;
  readonly #waiting: (() => void)[] = [];

  /** Whether somebody waits for a folder to be closed. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** @param depth of the folder to be opened: as many above it are open, too */
  isFull(depth: number): boolean {
    return this.#open - depth > MAX_WAITING_FOLDERS;
  }

  /** Resolves when a folder was closed. */
  async change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
  }

  opened(): void {
    this.#open++;
  }

  closed(): void {
    this.#open--;
    for (const resume of this.#waiting.splice(0)) resume();
  }
}
