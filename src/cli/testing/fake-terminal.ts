/** Standard output or error that remembers what was written. */
import { Writable } from "node:stream";
import type { TerminalOutput } from "../context.ts";

export class FakeTerminal extends Writable implements TerminalOutput {
  readonly isTTY: boolean;
  readonly columns: number;
  #written = "";

  /** @param columns 0: no terminal */
  constructor(columns = 0) {
    super({
      decodeStrings: false,
      write: (text: string, _encoding, done) => {
        this.#written += text;
        done();
      },
    });
    this.isTTY = columns > 0;
    this.columns = columns;
  }

  /** Gives what was written since the last time. */
  take(): string {
    const taken = this.#written;
    this.#written = "";
    return taken;
  }
}
