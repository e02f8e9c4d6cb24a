/** What a backup leaves out, apart from patterns: files of exclude patterns, and folders that a file in them marks. */
import { type ByteString, byteString, byteStringOf } from "../base/byte-string.ts";
import { DomainError } from "../base/errors.ts";

const BYTE_ORDER_MARK = "\xef\xbb\xbf";
/** Not those of Unicode: their bytes are parts of letters. */
const OUTER_SPACE = /^[ \t\r\v\f]+|[ \t\r\v\f]+$/g;
const VARIABLE = /\$(?:(?<dollar>\$)|\{(?<braced>[^}]*)\}|(?<plain>[A-Za-z_][A-Za-z0-9_]*))/g;

/**
 * The patterns of a file, one a line; empty lines and those that start with "#" are none. `$NAME` and `${NAME}` stand for variables of
 * the environment, nothing where there is none, and `$$` for a dollar sign.
 */
export function parsePatternFile(bytes: Uint8Array, environment: Readonly<Record<string, string | undefined>>): readonly ByteString[] {
  const text = byteString(bytes);
  const lines = (text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text).split("\n");
  const patterns = lines.map((line) => line.replaceAll(OUTER_SPACE, "")).filter((line) => line !== "" && !line.startsWith("#"));
  return patterns.map(
    (pattern) =>
      pattern.replaceAll(
        VARIABLE,
        (_, dollar: string | undefined, braced: string | undefined, plain: string | undefined) =>
          dollar ?? byteStringOf(environment[braced ?? plain ?? ""] ?? ""),
      ) as ByteString,
  );
}

/** A folder that holds a file of that name, which starts with the header, is kept without its contents, that file excepted. */
export interface FolderMark {
  readonly fileName: ByteString;
  /** Empty if the name is enough. */
  readonly header: ByteString;
}

/** Of https://bford.info/cachedir/ */
export const CACHE_FOLDER: FolderMark = {
  fileName: byteStringOf("CACHEDIR.TAG"),
  header: byteStringOf("Signature: 8a477f597d28d172789f06886806bc55"),
};

/**
 * Reads "NAME" or "NAME:HEADER".
 *
 * @throws {DomainError} usage/folder_mark
 */
export function parseFolderMark(text: string): FolderMark {
  const [fileName = ""] = text.split(":", 1);
  if (fileName === "" || fileName === "." || fileName === ".." || /[/\0]/.test(fileName)) {
    throw new DomainError("usage", "folder_mark", `Cannot exclude folders that hold "${text}": not the name of a file`, {
      hint: 'Write NAME or NAME:HEADER, as in ".nobackup"',
    });
  }
  return { fileName: byteStringOf(fileName), header: byteStringOf(text.slice(fileName.length + 1)) };
}

/** @param firstBytes of the file of that name: as many as the header has, or more */
export function hasHeader({ header }: FolderMark, firstBytes: Uint8Array): boolean {
  return byteString(firstBytes.subarray(0, header.length)) === header;
}
