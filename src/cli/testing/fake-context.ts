/** A process that a test sees and steers. */
import { PassThrough } from "node:stream";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import type { CommandContext, TerminalInput } from "../context.ts";
import { FakeTerminal } from "./fake-terminal.ts";

export interface FakeContext extends CommandContext {
  readonly clock: FakeClock;
  readonly stdin: FakeKeyboard;
  readonly stdout: FakeTerminal;
  readonly stderr: FakeTerminal;
}

/** @param columns Width of the terminal that standard input and error are; 0: no terminal */
export function fakeContext(environment: Record<string, string> = {}, columns = 0): FakeContext {
  return {
    signal: new AbortController().signal,
    clock: new FakeClock(),
    environment,
    stdin: new FakeKeyboard(columns > 0),
    stdout: new FakeTerminal(),
    stderr: new FakeTerminal(columns),
  };
}

/** What is written to it is typed. */
class FakeKeyboard extends PassThrough implements TerminalInput {
  readonly isTTY: boolean;
  /** Whether keys come one by one, and are not shown. */
  isRaw = false;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  readonly setRawMode = (on: boolean): void => {
    this.isRaw = on;
  };
}
