/**
 * Makes a folder and what it lies in. Node's own recursive mkdir never returns where the kernel refuses a folder in one that is there by
 * "no such file", as below /proc.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Gives the folders that were not there, the innermost first. Others may make the same ones at the same time.
 *
 * @param path absolute
 * @throws {NodeJS.ErrnoException} ENOENT: no folder can be made there, or one of them was removed meanwhile
 */
export async function makeFolder(path: string, mode: number): Promise<readonly string[]> {
  const parent = dirname(path);
  try {
    return await makeOne(path, mode);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" || parent === path) throw error;
  }
  const above = await makeFolder(parent, mode);
  return [...(await makeOne(path, mode)), ...above];
}

/** Whatever is there already is taken for a folder: if it is none, the next call on it says so. */
async function makeOne(path: string, mode: number): Promise<readonly string[]> {
  try {
    await mkdir(path, { mode });
    return [path];
  } catch (error) {
    if (codeOf(error) === "EEXIST") return [];
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
