/** A store that fails for single packs is damaged there, like a disk with bad sectors; one that fails for many cannot be reached. */
import { DomainError } from "../../base/errors.ts";

const MAX_FAILURES = 10;

export class StoreFailures {
  #count = 0;

  /** What is wrong with the pack whose read failed. Throws the error if it is another one, or one too many. */
  tolerate(error: unknown): string {
    if (!(error instanceof DomainError) || error.kind !== "unavailable" || ++this.#count > MAX_FAILURES) throw error;
    return `the store failed to give it: ${error.message}`;
  }
}
