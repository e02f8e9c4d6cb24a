/** Extended attributes of an entry; POSIX ACLs and file capabilities are among them. */
import { fileCalls, type FileTarget } from "../native/files.ts";
import type { ExtendedAttribute } from "../repository/format/tree/node.ts";

/** In the file system's order. File systems that know none have none. */
export function readXattrs(target: FileTarget): ExtendedAttribute[] {
  const { listXattrs, getXattr } = fileCalls();
  const found: ExtendedAttribute[] = [];
  for (const name of listXattrs(target)) {
    const value = getXattr(target, name);
    if (value !== undefined) found.push({ name, value });
  }
  return found;
}
