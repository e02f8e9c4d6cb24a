import { spawn } from "node:child_process";
import { DomainError } from "../../src/base/errors.ts";

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly cwd?: string | undefined;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Written to standard input, which is closed afterwards. */
  readonly input?: string | Uint8Array | undefined;
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
 * @throws {DomainError} unavailable/disk_full, unavailable/network_down: the same, when those lines say so.
 * @throws {DomainError} cancelled/aborted: the signal fired; the command got SIGTERM.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, signal: options.signal });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  }
  child.stdin.on("error", () => undefined); // a command may end without reading its input
  child.stdin.end(options.input);
  const ended = Promise.withResolvers<string | undefined>();
  child.on("error", (error: NodeJS.ErrnoException) => ended.reject(startError(command, error)));
  child.on("close", (code, signal) => ended.resolve(code === 0 ? undefined : (signal ?? `exit status ${code}`)));
  const failure = await ended.promise;
  if (failure !== undefined) throw failed(command, args, failure, output);
  return output;
}

function startError(command: string, error: NodeJS.ErrnoException): DomainError {
  if (error.name === "AbortError")
    return new DomainError("cancelled", "aborted", `Cannot finish "${command}": cancelled`, { cause: error });
  if (error.code === "ENOENT")
    return new DomainError("not-found", "command_missing", `Cannot run "${command}": no such program on this machine`);
  return new DomainError("internal", "command_failed", `Cannot run "${command}": ${error.message}`, { cause: error });
}

/** What can be wrong with a machine rather than with us, as the last lines of a command tell it. */
const KNOWN_TROUBLE = [
  {
    code: "disk_full",
    said: /no space left on device|disk quota exceeded/i,
    hint: "Free space on this disk and run the same command again",
  },
  {
    code: "network_down",
    said: /dial tcp|no such host|network is unreachable|could not resolve|temporary failure resolving|connection timed out/i,
    hint: "Check the way to the package registries and run the same command again; only what is not in the cache yet needs them",
  },
] as const;

function failed(command: string, args: readonly string[], failure: string, output: Output): DomainError {
  const text = output.stderr.trim() === "" ? output.stdout : output.stderr;
  const tail = text.trimEnd().split("\n").slice(-ERROR_TAIL_LINES).join("\n");
  const message = `Cannot finish "${command} ${args[0] ?? ""}": ${failure}\n${tail}`;
  const trouble = KNOWN_TROUBLE.find(({ said }) => said.test(tail));
  if (trouble === undefined) return new DomainError("internal", "command_failed", message, { details: { command, args } });
  return new DomainError("unavailable", trouble.code, message, { details: { command, args }, hint: trouble.hint });
}
