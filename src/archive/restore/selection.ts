/** Which entries of a snapshot are restored. */
import type { ByteString } from "../../base/byte-string.ts";
import { compilePatterns } from "../path-pattern.ts";
import type { Selection } from "./options.ts";

export interface CompiledSelection {
  /** Nothing is left out: nobody need ask. */
  readonly isAll: boolean;
  /** Whether an entry is restored. @param path from the restored tree on, with a slash in front */
  readonly takes: (path: ByteString) => boolean;
  /** Whether something below a folder may be restored, be it restored itself or not. */
  readonly mayTakeBelow: (folder: ByteString) => boolean;
}

/** @throws {DomainError} usage/path_pattern */
export function compileSelection(selection: Selection): CompiledSelection {
  const includes = [compilePatterns(selection.includes), compilePatterns(selection.includesIgnoringCase, { ignoreCase: true })];
  const excludes = [compilePatterns(selection.excludes), compilePatterns(selection.excludesIgnoringCase, { ignoreCase: true })];
  const includesAll = [...selection.includes, ...selection.includesIgnoringCase].every((pattern) => pattern === "");
  const isExcluded = (path: ByteString): boolean => excludes.some((patterns) => patterns.matches(path));
  return {
    isAll: includesAll && [...selection.excludes, ...selection.excludesIgnoringCase].every((pattern) => pattern === ""),
    takes: (path) => (includesAll || includes.some((patterns) => patterns.matches(path))) && !isExcluded(path),
    mayTakeBelow: (folder) => {
      const mayInclude = includesAll || includes.some((patterns) => patterns.matches(folder) || patterns.mayMatchBelow(folder));
      return mayInclude && !isExcluded(folder);
    },
  };
}
