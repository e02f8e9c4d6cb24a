/** How files are cut in a repository: as it says itself, or else as restic does. */
import { DomainError } from "../base/errors.ts";
import type { ChunkerSpec } from "./chunker/chunker.ts";
import type { Repository } from "./repository.ts";

/** @throws {DomainError} unsupported/chunker_version: a later Holdfast made the repository; it can be read, but not added to */
export function chunkerOf({ config, store }: Pick<Repository, "config" | "store">): ChunkerSpec {
  const { chunker, chunkerPolynomial } = config;
  if (chunker === undefined) return { kind: "rabin", polynomial: chunkerPolynomial };
  if (chunker.kind === "gear") return chunker;
  throw new DomainError("unsupported", "chunker_version", `Cannot add to repository "${store.url}": a newer version made it`, {
    hint: "Use a newer Holdfast",
  });
}
