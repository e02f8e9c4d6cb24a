/** What a session says on its standard output. Whatever else comes is thrown away as it comes. */

const FROZEN = "holdfast: frozen";
const THAWED = /^holdfast: thawed (?<ms>\d{1,9})$/;
const MAX_LINE_BYTES = 100;
const LINE_END = 0x0a;

export class SessionLines {
  readonly #frozen = Promise.withResolvers<void>();
  #line: number[] = [];
  #thawedMs: number | undefined;

  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === LINE_END) {
        this.#read(Buffer.from(this.#line).toString("latin1").trimEnd());
        this.#line = [];
      } else if (this.#line.length < MAX_LINE_BYTES) {
        this.#line.push(byte);
      }
    }
  }

  /** Resolves when it says so, and never otherwise. */
  get frozen(): Promise<void> {
    return this.#frozen.promise;
  }

  /** For how long somebody had to wait, by its own clock. */
  get thawedMs(): number | undefined {
    return this.#thawedMs;
  }

  #read(line: string): void {
    if (line === FROZEN) this.#frozen.resolve();
    const { ms } = THAWED.exec(line)?.groups ?? {};
    if (ms !== undefined) this.#thawedMs = Number(ms);
  }
}
