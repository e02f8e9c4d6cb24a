/** Makes the files that open a repository whole again: originals from their spares, and spares from their originals. */
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { CallOptions, ObjectKey } from "../../storage/object-store.ts";
import { type AccessFault, accessFaults, lostKeyRemedy } from "../check/access-files.ts";
import { requireRoomForKey } from "../keys.ts";
import { idOfKey, spareOf } from "../layout.ts";
import type { Repository } from "../repository.ts";

export interface RepairAccessOptions extends CallOptions {
  /** Only says what would be done. */
  readonly dryRun: boolean;
  /** Keys to put back if their files are not there. Another program may have removed them, so only the one in use is without being named. */
  readonly lostKeys: readonly HexId[];
  /** Is told of keys that are left as they are. */
  readonly report: FindingSink;
}

export interface MendedFile {
  readonly key: ObjectKey;
  readonly was: AccessFault["state"];
}

/**
 * Writes nothing that is right. Repositories of other tools get spares.
 *
 * @returns what was written
 * @throws {DomainError} conflict/too_many_keys: restic would not open it with a key that is put back
 */
export async function repairAccess(repository: Repository, options: RepairAccessOptions): Promise<readonly MendedFile[]> {
  const { dryRun, lostKeys, report, signal } = options;
  const { store, keyId } = repository;
  const mended: MendedFile[] = [];
  for (const { original, isOfSpare, state, right } of await accessFaults(repository, { signal })) {
    const id = idOfKey(original);
    if (id !== undefined && !isOfSpare) {
      if (state === "missing" && id !== keyId && !lostKeys.includes(id)) {
        const message = `Cannot tell whether "${original}" is to be put back: only its spare is there; ${lostKeyRemedy(original)}`;
        report({ grade: "info", code: "key_not_put_back", object: original, message });
        continue;
      }
      await requireRoomForKey(store, { signal });
    }
    const key = isOfSpare ? spareOf(original) : original;
    if (!dryRun) await store.put(key, right, { signal });
    mended.push({ key, was: state });
  }
  return mended;
}
