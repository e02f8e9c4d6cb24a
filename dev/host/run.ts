import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { DomainError } from "../../src/base/errors.ts";

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly cwd?: string | undefined;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Written to standard input, which is closed afterwards. */
  readonly input?: string | Uint8Array | undefined;
  /** File that both outputs are appended to as they come, for long builds that a person may want to watch. */
  readonly logTo?: string | undefined;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

const ERROR_TAIL_LINES = 12;

/**
 * Runs a host command to its end and returns what it printed.
 *
 * @throws {DomainError} not-found/command_missing: no such program.
 * @throws {DomainError} internal/command_failed: it ended with another status than 0; the message ends with the last lines of its output.
 * @throws {DomainError} cancelled/aborted: the signal fired; the command got SIGTERM.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, signal: options.signal });
  const log = options.logTo === undefined ? undefined : createWriteStream(options.logTo, { flags: "a" });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      log?.write(text);
    });
  }
  child.stdin.on("error", () => undefined); // a command may end without reading its input
  child.stdin.end(options.input);
  const ended = Promise.withResolvers<string | undefined>();
  child.on("error", (error: NodeJS.ErrnoException) => ended.reject(startError(command, error)));
  child.on("close", (code, signal) => ended.resolve(code === 0 ? undefined : (signal ?? `exit status ${code}`)));
  try {
    const failure = await ended.promise;
    if (failure !== undefined) throw failed(command, args, failure, output, options.logTo);
    return output;
  } finally {
    log?.end();
  }
}

function startError(command: string, error: NodeJS.ErrnoException): DomainError {
  if (error.name === "AbortError")
    return new DomainError("cancelled", "aborted", `Cannot finish "${command}": cancelled`, { cause: error });
  if (error.code === "ENOENT")
    return new DomainError("not-found", "command_missing", `Cannot run "${command}": no such program on this machine`);
  return new DomainError("internal", "command_failed", `Cannot run "${command}": ${error.message}`, { cause: error });
}

function failed(command: string, args: readonly string[], failure: string, output: Output, log: string | undefined): DomainError {
  const text = output.stderr.trim() === "" ? output.stdout : output.stderr;
  const tail = text.trimEnd().split("\n").slice(-ERROR_TAIL_LINES).join("\n");
  const full = /no space left on device|disk quota exceeded/i.test(text);
  return new DomainError(
    full ? "unavailable" : "internal",
    full ? "disk_full" : "command_failed",
    `Cannot finish "${command} ${args[0] ?? ""}": ${failure}\n${tail}`,
    {
      details: { command, args, ...(log === undefined ? {} : { log }) },
      ...(full ? { hint: "Free space on this disk and run the same command again; what was finished is kept" } : {}),
    },
  );
}
