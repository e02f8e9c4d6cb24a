/** From the paths that a person names to what is walked. */
import { lstat } from "node:fs/promises";
import { isAbsolute, join, normalize, resolve } from "node:path";
import { type ByteString, byteStringOf } from "../../base/byte-string.ts";
import { DomainError, type ErrorKind } from "../../base/errors.ts";
import type { ExcludeRules, ImageSource, TreeSource, Wanted } from "./source.ts";

/**
 * As restic does it: an absolute path stands in the snapshot from the root on, a relative one from the working folder on, and "."
 * means what is in it. Absolute and relative ones together, and those that lead up, are all taken as absolute.
 *
 * @throws {DomainError} not-found/path_not_found, forbidden/path_forbidden, unavailable/path_unreadable
 */
export async function treeSource(paths: readonly string[], workingFolder: string, excludes: ExcludeRules): Promise<TreeSource> {
  for (const path of paths) await requirePath(resolve(workingFolder, path), path);
  const clean = paths.map((path) => normalize(path).replace(/(?<=.)\/$/, ""));
  const isBelow = clean.every((path) => !isAbsolute(path) && path !== ".." && !path.startsWith("../"));
  const root = isBelow ? workingFolder : "/";
  const names = isBelow ? clean : clean.map((path) => resolve(workingFolder, path));
  const wanted = names.reduce<Wanted>((all, path) => withPath(all, namesOf(path)), new Map());
  const named = new Set(absolutePaths(paths, workingFolder).map(byteStringOf));
  return { kind: "tree", root, wanted, named, excludes };
}

/** A disk, or the image of one, in the snapshot as a folder in its place. */
export function imageSource(path: string, workingFolder: string): ImageSource {
  const absolute = resolve(workingFolder, path);
  return { kind: "image", path: absolute, place: namesOf(absolute) };
}

/** The paths as a snapshot names them. */
export function absolutePaths(paths: readonly string[], workingFolder: string): string[] {
  return Array.from(new Set(paths.map((path) => resolve(workingFolder, path)))).toSorted();
}

/** All of one folder, its entries at the top. */
export function folderSource(root: string, excludes: ExcludeRules): TreeSource {
  return { kind: "tree", root: join(root, "."), wanted: undefined, named: new Set(), excludes };
}

function namesOf(path: string): ByteString[] {
  return path === "."
    ? []
    : path
        .split("/")
        .filter((name) => name !== "")
        .map(byteStringOf);
}

/** A folder that is wanted whole swallows what is wanted of it. */
function withPath(wanted: Wanted, names: readonly ByteString[]): Wanted {
  const [name, ...rest] = names;
  if (name === undefined || wanted === undefined) return undefined;
  const below = wanted.has(name) ? wanted.get(name) : new Map<ByteString, Wanted>();
  return new Map(wanted).set(name, withPath(below, rest));
}

async function requirePath(absolute: string, path: string): Promise<void> {
  try {
    await lstat(absolute);
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (code === "EACCES") throw refused("forbidden", "path_forbidden", path, "permission denied");
    if (code === "ENOENT" || code === "ENOTDIR") throw refused("not-found", "path_not_found", path, "it does not exist");
    throw refused("unavailable", "path_unreadable", path, code, cause);
  }
}

function refused(kind: ErrorKind, code: string, path: string, state: string, cause?: unknown): DomainError {
  return new DomainError(kind, code, `Cannot back up "${path}": ${state}`, { cause, hint: "Nothing was backed up" });
}
