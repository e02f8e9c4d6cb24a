/** The threads of a backup. To load their code takes them as long as it takes to open a repository, and both can be done at once. */
import { PreparedThread, readerCount } from "../../repository/packing/threads.ts";

const READER = new URL("reader-thread.ts", import.meta.url);
const WALKER = new URL("walker-thread.ts", import.meta.url);

export class BackupThreads implements AsyncDisposable {
  readonly #closing = new AsyncDisposableStack();
  readonly #readers: PreparedThread[];
  readonly #walkers: PreparedThread[];

  private constructor(readers: number, walkers: number) {
    this.#readers = Array.from({ length: readers }, () => this.#prepare(READER));
    this.#walkers = Array.from({ length: walkers }, () => this.#prepare(WALKER));
  }

  /** Begins to load the code of as many as a backup usually takes. */
  static prepare(): BackupThreads {
    return new BackupThreads(readerCount(), 1);
  }

  /** Loads code when a thread is asked for. */
  static onDemand(): BackupThreads {
    return new BackupThreads(0, 0);
  }

  reader(): PreparedThread {
    return this.#readers.pop() ?? this.#prepare(READER);
  }

  walker(): PreparedThread {
    return this.#walkers.pop() ?? this.#prepare(WALKER);
  }

  /** Ends them all. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.disposeAsync();
  }

  #prepare(file: URL): PreparedThread {
    return this.#closing.use(new PreparedThread(file));
  }
}
