/** What may be the name of an entry of a folder. */
import type { ByteString } from "../../../base/byte-string.ts";
import { REPOSITORY_LIMITS } from "../limits.ts";

/** A name from a repository may be an attack: as part of a path it must lead to exactly one entry of its folder. */
export function isNodeName(name: ByteString): boolean {
  if (name.length > REPOSITORY_LIMITS.nameBytes) return false;
  return name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0");
}
