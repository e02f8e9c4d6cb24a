/** Where the password of a repository comes from: a file, the environment, or a person at a terminal. */
import { open } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { DomainError } from "../base/errors.ts";
import type { FindingSink } from "../base/finding.ts";
import type { CommandContext } from "./context.ts";

export const PASSWORD_VARIABLE = "HOLDFAST_PASSWORD";

const MAX_PASSWORD_BYTES = 64 * 1024;
const OTHERS_MAY_READ = 0o004;

/** A password and where it may be given. */
export interface PasswordSource {
  /** From the command line. */
  readonly file: string | undefined;
  readonly option: string;
  readonly variable: string;
  /** In the middle of a sentence: "the repository". */
  readonly of: string;
}

/**
 * The password of the repository. The file counts before the environment, and both before asking.
 *
 * @throws {DomainError} usage/password_missing: none of them is there
 * @throws {DomainError} usage/password_file: it cannot be read, or has none in it
 * @throws {DomainError} cancelled/interrupted: Ctrl-C while it was asked for
 */
export async function readPassword(file: string | undefined, context: CommandContext, report: FindingSink): Promise<string> {
  return readPasswordOf({ file, option: "--password-file", variable: PASSWORD_VARIABLE, of: "the repository" }, context, report);
}

/** As readPassword() does. */
export async function readPasswordOf(source: PasswordSource, context: CommandContext, report: FindingSink): Promise<string> {
  const given = await givenPassword(source, context, report);
  if (given !== undefined) return given;
  if (isAtTerminal(context)) return askPassword(`Password of ${source.of}: `, context);
  throw passwordMissing(source);
}

/** Asks twice, so that nobody locks himself out by a slip of the finger. Throws as readPassword() does. */
export async function readNewPassword(source: PasswordSource, context: CommandContext, report: FindingSink): Promise<string> {
  const given = await givenPassword(source, context, report);
  if (given !== undefined) return given;
  if (!isAtTerminal(context)) throw passwordMissing(source);
  const password = await askPassword(`New password of ${source.of}: `, context);
  if ((await askPassword("Once more: ", context)) === password) return password;
  throw new DomainError("usage", "password_mismatch", "Cannot use the new password: it was typed in two ways");
}

/** Does not ask. */
export async function givenPassword(source: PasswordSource, context: CommandContext, report: FindingSink): Promise<string | undefined> {
  const fromEnvironment = takePassword(context.environment, source.variable);
  return source.file === undefined ? fromEnvironment : readPasswordFile(source.file, report);
}

function isAtTerminal({ stdin, stderr }: CommandContext): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

function passwordMissing({ of, option, variable }: PasswordSource): DomainError {
  return new DomainError("usage", "password_missing", `Cannot open ${of}: no password was given`, {
    hint: `Use ${option}, or set ${variable}`,
  });
}

/** Takes it out of the environment, so that no program that is started from here gets it. */
function takePassword(environment: CommandContext["environment"], variable: string): string | undefined {
  const password = environment[variable];
  delete environment[variable];
  return password === "" ? undefined : password;
}

/** All of the file but a newline at its end. */
async function readPasswordFile(path: string, report: FindingSink): Promise<string> {
  const refused = (state: string, cause?: unknown): DomainError =>
    new DomainError("usage", "password_file", `Cannot read password file "${path}": ${state}`, { cause });
  let bytes: Buffer;
  try {
    await using file = await open(path);
    const { mode } = await file.stat();
    if ((mode & OTHERS_MAY_READ) !== 0) {
      const message = "Everyone on this machine may read the password file";
      report({ grade: "info", code: "password_file_readable", object: path, message });
    }
    bytes = Buffer.alloc(MAX_PASSWORD_BYTES + 1);
    // A named pipe gives it in parts.
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      ({ bytesRead: read } = await file.read(bytes, length, bytes.length - length, null));
    }
    bytes = bytes.subarray(0, length);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ENOENT" ? refused("it is not there") : refused("it is not readable", error);
  }
  if (bytes.length > MAX_PASSWORD_BYTES) throw refused(`it has more than ${MAX_PASSWORD_BYTES} bytes`);
  const password = bytes.toString("utf8").replace(/\r?\n$/, "");
  if (password === "") throw refused("it is empty");
  return password;
}

/**
 * Asks at the terminal, and does not show what is typed.
 *
 * @throws {DomainError} usage/password_missing: nothing was typed
 * @throws {DomainError} cancelled/interrupted: Ctrl-C
 */
export async function askPassword(question: string, { stdin, stderr, signal }: CommandContext): Promise<string> {
  const interrupted = new AbortController();
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  using lines = createInterface({ input: stdin, output: hidden, terminal: true, historySize: 0 });
  // A terminal in raw mode gives Ctrl-C and Ctrl-D as letters.
  lines.on("SIGINT", () => interrupted.abort(new DomainError("cancelled", "interrupted", "Cancelled by SIGINT")));
  lines.on("close", () => interrupted.abort(nothingTyped()));
  stderr.write(question);
  const either = AbortSignal.any([signal, interrupted.signal]);
  try {
    const password = await lines.question("", { signal: either });
    if (password === "") throw nothingTyped();
    return password;
  } catch (error) {
    either.throwIfAborted();
    throw error;
  } finally {
    stderr.write("\n");
  }
}

function nothingTyped(): DomainError {
  return new DomainError("usage", "password_missing", "Cannot open the repository: no password was typed");
}
