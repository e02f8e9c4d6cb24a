/** Removes what a repair has replaced. */
import { type ContentNamedType, keyOfFile } from "../layout.ts";
import type { HexId } from "../../base/ids.ts";
import { deleteForGood } from "../object-lock/deletion.ts";
import { lockText } from "../object-lock/lock-text.ts";
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
    const deletion = await deleteForGood(store, key, { clock, signal });
    if (deletion.kind === "deleted") gone.push(id);
    else {
      const message = `Cannot remove "${key}" yet: it is ${lockText(deletion.untilMs)}; repair again after that`;
      report({ grade: "info", code: "file_locked", object: key, message });
    }
  }
  return gone;
}
