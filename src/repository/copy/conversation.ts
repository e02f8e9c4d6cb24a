/** Requests to a thread that answers each in its order. */
import type { MessagePort, Transferable } from "node:worker_threads";

export class Conversation<Request, Reply> {
  readonly #port: MessagePort;
  readonly #waiting: ((reply: Reply) => void)[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (reply: Reply) => this.#waiting.shift()?.(reply));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Never answered if the thread dies: whoever asks looks out for that, too. */
  ask(request: Request, transfer: readonly Transferable[] = []): Promise<Reply> {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting.push(resolve);
    this.tell(request, transfer);
    return promise;
  }

  /** For requests without an answer. */
  tell(request: Request, transfer: readonly Transferable[] = []): void {
    this.#port.postMessage(request, [...transfer]);
  }
}
