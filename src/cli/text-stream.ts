/** Standard output for results that are longer than memory: who writes waits for who reads. */
import { once } from "node:events";
import type { CommandContext } from "./context.ts";

/** Lines are joined up to so many letters before they are written. */
const JOINED_LETTERS = 32 * 1024;

export class ResultStream implements AsyncDisposable {
  readonly #context: CommandContext;
  #text = "";

  constructor(context: CommandContext) {
    this.#context = context;
  }

  async line(text: string): Promise<void> {
    this.#text += `${text}\n`;
    if (this.#text.length >= JOINED_LETTERS) await this.#flush();
  }

  async bytes(bytes: Uint8Array): Promise<void> {
    await this.#flush();
    await this.#write(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#context.signal.aborted) await this.#flush();
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = "";
    if (text !== "") await this.#write(text);
  }

  async #write(chunk: string | Uint8Array): Promise<void> {
    const { stdout, signal } = this.#context;
    signal.throwIfAborted();
    if (!stdout.write(chunk)) await once(stdout, "drain", { signal });
  }
}
