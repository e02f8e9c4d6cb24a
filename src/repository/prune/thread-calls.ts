/** Questions to a worker thread, each with its answer: in order, errors included. */
import { parentPort, type Transferable, Worker } from "node:worker_threads";
import { asDomainError, DomainError, type ErrorKind } from "../../base/errors.ts";

type Answer<Reply> = { readonly reply: Reply } | { readonly error: PlainError };

interface PlainError {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What a thread answers, with the memory in it that is handed over. */
export interface ThreadReply<Reply> {
  readonly reply: Reply;
  readonly transfer: readonly Transferable[];
}

export class CalledThread<Request, Reply> implements AsyncDisposable {
  readonly #worker: Worker;
  /** In the order of the requests. */
  readonly #waiting: PromiseWithResolvers<Reply>[] = [];
  #failure: DomainError | undefined;

  constructor(file: URL, workerData: unknown) {
    this.#worker = new Worker(file, { workerData });
    this.#worker.on("message", (answer: Answer<Reply>) => {
      const next = this.#waiting.shift();
      if ("reply" in answer) next?.resolve(answer.reply);
      else next?.reject(new DomainError(answer.error.kind, answer.error.code, answer.error.message, definedOf(answer.error)));
    });
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", () => this.#fail(undefined));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async call(request: Request, transfer: readonly Transferable[] = []): Promise<Reply> {
    if (this.#failure !== undefined) throw this.#failure;
    const answer = Promise.withResolvers<Reply>();
    this.#waiting.push(answer);
    this.#worker.postMessage(request, transfer);
    return answer.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(cause: unknown): void {
    this.#failure ??= new DomainError("internal", "prune_thread", "Cannot go on with prune: a thread of it ended", { cause });
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/** The thread's side: `work` takes the requests of its CalledThread. Those that come while one is worked on wait. */
export function answerCalls(work: (request: never) => ThreadReply<unknown>): void {
  const answer = (request: unknown): [answer: Answer<unknown>, transfer: Transferable[]] => {
    try {
      const { reply, transfer } = work(request as never);
      return [{ reply }, [...transfer]];
    } catch (error) {
      const { kind, code, message, hint, details } = asDomainError(error);
      return [{ error: { kind, code, message, hint, details } }, []];
    }
  };
  parentPort?.on("message", (request: unknown) => parentPort?.postMessage(...answer(request)));
}

/** Bytes that can be handed to a thread: memory that other views may look at, such as Node's pool of small buffers, cannot. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength ? new Uint8Array(buffer) : new Uint8Array(bytes);
}

function definedOf({ hint, details }: PlainError): { hint?: string; details: PlainError["details"] } {
  return hint === undefined ? { details } : { hint, details };
}
