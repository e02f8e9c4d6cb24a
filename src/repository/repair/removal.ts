/** Removes what a repair has replaced. */
import { type ContentNamedType, keyOfFile } from "../layout.ts";
import type { HexId } from "../../base/ids.ts";
import { deleteForGood } from "../object-lock/deletion.ts";
import type { Session } from "../session.ts";
import type { RepairOptions } from "./repair-options.ts";

/** Gives those that are gone. What is under retention or hold stays, and is reported. */
export async function removeFiles(
  { repository: { store }, signal, throwIfLost }: Session,
  type: ContentNamedType,
  ids: readonly HexId[],
  { clock, report }: Pick<RepairOptions, "clock" | "report">,
): Promise<readonly HexId[]> {
  const gone: HexId[] = [];
  for (const id of ids) {
    const key = keyOfFile(type, id);
    throwIfLost();
    if ((await deleteForGood(store, key, { clock, signal })).kind === "deleted") gone.push(id);
    else
      report({
        grade: "info",
        code: "file_locked",
        object: key,
        message: `Cannot remove "${key}": it is under retention; repair again after it`,
      });
  }
  return gone;
}
