/** What a command needs of its process: signals, a closed pipe, and the exit code. */
import { constants } from "node:os";
import { DomainError, ERROR_KINDS } from "../base/errors.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Exit code of a process that a signal ended, as shells count it. */
const SIGNAL_EXIT_BASE = 128;

/**
 * Runs a command and sets the exit code it gives. The first SIGINT or SIGTERM aborts its signal, so that it can clean up; a
 * second one ends the process at once. So does a reader that closes standard output: nobody reads on, the command stops.
 */
export async function runAsProcess(command: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const abort = new AbortController();
  const onSignal = (name: (typeof SIGNALS)[number]): void => {
    if (abort.signal.aborted) process.exit(SIGNAL_EXIT_BASE + constants.signals[name]);
    abort.abort(new DomainError("cancelled", "interrupted", `Cancelled by ${name}`));
  };
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") throw error;
    abort.abort(new DomainError("cancelled", "output_closed", "Cancelled: standard output was closed"));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  process.stdout.on("error", onOutputError);
  process.stderr.on("error", () => undefined);

  process.exitCode = ERROR_KINDS.internal.exitCode;
  process.exitCode = await command(abort.signal);
  for (const name of SIGNALS) process.off(name, onSignal);
}
