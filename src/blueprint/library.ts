/** The blueprints at hand: those that Holdfast brings along, and a user's own before them. */
import { readdir, readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { DomainError } from "../base/errors.ts";
import type { Blueprint } from "./blueprint.ts";
import { readBlueprint } from "./read-blueprint.ts";

const LIBRARY = join(import.meta.dirname, "library");
const MAX_FILES = 1_000;

/**
 * In the order in which they are tried: a user's own come first, and replace those of the same name.
 *
 * @param paths Files, or folders of files that end in .yaml or .yml
 * @throws {DomainError} usage/blueprint_file
 */
export async function readLibrary(paths: readonly string[], signal: AbortSignal): Promise<readonly Blueprint[]> {
  const own = await readOwnBlueprints(paths, signal);
  const brought: Blueprint[] = [];
  for (const file of await filesOf(LIBRARY)) brought.push(await readBlueprintFile(file, basename(file), signal));
  return [...own, ...brought.filter(({ name }) => !own.some((blueprint) => blueprint.name === name))];
}

/** @throws {DomainError} usage/blueprint_file: one is wrong, or two have one name */
export async function readOwnBlueprints(paths: readonly string[], signal: AbortSignal): Promise<readonly Blueprint[]> {
  const own: Blueprint[] = [];
  for (const path of paths) {
    for (const file of await filesOf(path)) {
      const blueprint = await readBlueprintFile(file, file, signal);
      const other = own.find(({ name }) => name === blueprint.name);
      if (other !== undefined) throw refusal(file, `"${other.file}" has the name "${other.name}", too`);
      own.push(blueprint);
    }
  }
  return own;
}

/** @param shown What messages call it */
async function readBlueprintFile(file: string, shown: string, signal: AbortSignal): Promise<Blueprint> {
  let text: string;
  try {
    text = await readFile(file, { encoding: "utf8", signal });
  } catch (error) {
    signal.throwIfAborted();
    throw unreadable(shown, error);
  }
  return readBlueprint(text, shown);
}

async function filesOf(path: string): Promise<readonly string[]> {
  let names: readonly string[];
  try {
    names = await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return [path];
    throw unreadable(path, error);
  }
  const files = names.filter((name) => [".yaml", ".yml"].includes(extname(name))).toSorted();
  if (files.length === 0) throw refusal(path, "no file in this folder ends in .yaml or .yml");
  if (files.length > MAX_FILES) throw refusal(path, `there are more than ${MAX_FILES} files in this folder`);
  return files.map((name) => join(path, name));
}

function unreadable(file: string, error: unknown): DomainError {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
  return refusal(file, code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`);
}

function refusal(file: string, state: string): DomainError {
  return new DomainError("usage", "blueprint_file", `Cannot use blueprint "${file}": ${state}`);
}
