/** Patterns of the command line, and those of files that it names. */
import { readFile } from "node:fs/promises";
import { parsePatternFile } from "../archive/exclude.ts";
import { compilePatterns } from "../archive/path-pattern.ts";
import { type ByteString, byteStringOf } from "../base/byte-string.ts";
import { DomainError } from "../base/errors.ts";
import type { CommandContext } from "./context.ts";

/**
 * @throws {DomainError} usage/pattern_file: a file cannot be read
 * @throws {DomainError} usage/path_pattern: a pattern is malformed
 */
export async function readPatterns(
  patterns: readonly string[],
  files: readonly string[],
  { environment }: CommandContext,
): Promise<readonly ByteString[]> {
  const fromFiles = await Promise.all(files.map(async (file) => parsePatternFile(await read(file), environment)));
  const all = [...patterns.map(byteStringOf), ...fromFiles.flat()];
  compilePatterns(all);
  return all;
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new DomainError(
      "usage",
      "pattern_file",
      `Cannot read patterns from "${path}": ${code === "ENOENT" ? "it is not there" : message}`,
    );
  }
}
