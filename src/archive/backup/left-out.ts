/** What of a source is left out by what the user said. */
import type { ByteString } from "../../base/byte-string.ts";
import { compilePatterns, type PathPatterns } from "../path-pattern.ts";
import type { TreeSource } from "./source.ts";

export class LeftOut {
  /** Nothing is, so that a folder can be compared as a whole. */
  readonly isNothing: boolean;
  readonly #named: ReadonlySet<ByteString>;
  readonly #hasPatterns: boolean;
  readonly #patterns: PathPatterns;
  readonly #patternsIgnoringCase: PathPatterns;
  readonly #largerThanBytes: number;
  readonly #oneFileSystem: boolean;

  constructor({ excludes, named }: TreeSource) {
    const { patterns, patternsIgnoringCase, marks, largerThanBytes, oneFileSystem } = excludes;
    this.#named = named;
    this.#hasPatterns = patterns.length + patternsIgnoringCase.length > 0;
    this.#patterns = compilePatterns(patterns);
    this.#patternsIgnoringCase = compilePatterns(patternsIgnoringCase, { ignoreCase: true });
    this.#largerThanBytes = largerThanBytes ?? Infinity;
    this.#oneFileSystem = oneFileSystem;
    this.isNothing = !this.#hasPatterns && marks.length === 0 && largerThanBytes === undefined && !oneFileSystem;
  }

  hasPath(path: ByteString): boolean {
    return this.#hasPatterns && (this.#patterns.matches(path) || this.#patternsIgnoringCase.matches(path));
  }

  hasLength(bytes: number): boolean {
    return bytes > this.#largerThanBytes;
  }

  /** An entry that lies on another file system than its folder. What the user named is wanted, wherever it lies. */
  hasMount(path: ByteString): boolean {
    return this.#oneFileSystem && !this.#named.has(path);
  }
}
