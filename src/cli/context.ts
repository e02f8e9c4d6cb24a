/** What a command may use of its process. Tests give their own. */
import type { Readable, Writable } from "node:stream";
import { type Clock, systemClock } from "../base/clock.ts";

export interface CommandContext {
  /** Aborts when the command is to stop. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Secrets are taken out of it once they are read. */
  readonly environment: Record<string, string | undefined>;
  readonly stdin: TerminalInput;
  /** Results only: what a pipe is to read. */
  readonly stdout: TerminalOutput;
  /** Progress, warnings and questions. */
  readonly stderr: TerminalOutput;
}

export interface TerminalInput extends Readable {
  readonly isTTY?: boolean;
  readonly setRawMode?: (on: boolean) => unknown;
}

export interface TerminalOutput extends Writable {
  readonly isTTY?: boolean;
  /** Width in characters; only terminals have one. */
  readonly columns?: number;
}

export function processContext(signal: AbortSignal): CommandContext {
  return {
    signal,
    clock: systemClock,
    environment: process.env,
    // Opened by the first who asks for it; most commands never do.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
  };
}
