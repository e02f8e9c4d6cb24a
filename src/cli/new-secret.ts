/** A secret that a command makes leaves it in one of two ways only: to a terminal, or into a new file that only its owner may read. */
import { lstat, open, rm } from "node:fs/promises";
import type { Command } from "commander";
import { asDomainError, DomainError, type ErrorKind } from "../base/errors.ts";
import type { CommandContext } from "./context.ts";

export interface SecretOutput {
  readonly reveal: boolean;
  /** Path of the file. */
  readonly file: string | undefined;
}

const OWNER_ONLY = 0o600;
/** After these it is open whether the secret counts. */
const OPEN_OUTCOMES: ReadonlySet<ErrorKind> = new Set(["unavailable", "cancelled", "internal"]);

/** @param fileOption "--key-out" */
export function addSecretOutput(command: Command, fileOption: string, what: string): Command {
  return command
    .option("--reveal", `Print the ${what} to this terminal`)
    .option(`${fileOption} <file>`, `Write the ${what} to this file, which must not exist; only its owner may read it`);
}

/**
 * Before anything is done that would be in vain.
 *
 * @throws {DomainError} usage/terminal_missing: it would land in a file or a log
 * @throws {DomainError} conflict/secret_file_exists
 */
export async function requireOutput({ reveal, file }: SecretOutput, { stderr }: CommandContext): Promise<void> {
  if (file !== undefined && (await isThere(file))) throw fileExists(file);
  if (!reveal || stderr.isTTY === true) return;
  throw new DomainError("usage", "terminal_missing", "Cannot reveal a secret: standard error is no terminal", {
    hint: "Let it be written to a file instead",
  });
}

/** Also a link that leads nowhere. */
async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function fileExists(path: string): DomainError {
  return new DomainError("conflict", "secret_file_exists", `Cannot write a secret to "${path}": there is a file of that name`, {
    hint: "Name a file that does not exist",
  });
}

/**
 * Gives the secret away before `use` makes it count, so that nothing is ever locked with a secret that nobody has. The file goes
 * again if `use` fails for certain.
 *
 * @throws {DomainError} usage/terminal_missing
 * @throws {DomainError} conflict/secret_file_exists, forbidden/secret_file: the file cannot be made
 */
export async function handOut<T>(secret: string, output: SecretOutput, context: CommandContext, use: () => Promise<T>): Promise<T> {
  await requireOutput(output, context);
  if (output.file !== undefined) await writeNewFile(output.file, secret);
  try {
    const result = await use();
    if (output.reveal) context.stderr.write(`${secret}\n`);
    return result;
  } catch (error) {
    if (output.file !== undefined && !OPEN_OUTCOMES.has(asDomainError(error).kind)) await rm(output.file, { force: true });
    throw error;
  }
}

async function writeNewFile(path: string, secret: string): Promise<void> {
  try {
    await using file = await open(path, "wx", OWNER_ONLY);
    await file.writeFile(`${secret}\n`);
    await file.sync();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") throw fileExists(path);
    throw new DomainError("forbidden", "secret_file", `Cannot write a secret to "${path}": ${message}`, { cause });
  }
}
