/** Finds the key that a person means, among the ids of all that are there. */
import { DomainError } from "../base/errors.ts";
import type { HexId } from "../base/ids.ts";

const MIN_PREFIX = 4;

/** @throws {DomainError} not-found/key_not_found, usage/key_not_found */
export function findKey(ids: readonly HexId[], name: string): HexId {
  const [found, ...others] = ids.filter((id) => name.length >= MIN_PREFIX && id.startsWith(name));
  if (found !== undefined && others.length === 0) return found;
  const state = found === undefined ? "there is none with that id" : "several ids begin like that";
  throw new DomainError(found === undefined ? "not-found" : "usage", "key_not_found", `Cannot find key "${name}": ${state}`, {
    hint: 'Run "holdfast repository key list" to see what is there',
  });
}
