/** What is there of a volume already: its tree in the last point that has data of it, so that only what changed is read and stored. */
import { SnapshotTrees } from "../../archive/reading/snapshot-trees.ts";
import { byteStringOf } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { pointsOf } from "../../point/points.ts";
import { RestorePoint } from "../../point/restore-point.ts";
import type { Session } from "../../repository/session.ts";
import type { ClaimFacts } from "./claim-facts.ts";

export interface LastVolume {
  readonly tree: HexId;
  readonly timeMs: number;
}

/** A volume that was left out for longer is read anew. */
const POINTS_LOOKED_AT = 5;

/** By the uid of the claim: the one of that uid, or else of that name, as after a restore. What cannot be read is as if it were not there. */
export async function lastVolumes(session: Session, claims: readonly ClaimFacts[]): Promise<ReadonlyMap<string, LastVolume>> {
  const found = new Map<string, LastVolume>();
  const trees = new SnapshotTrees(session);
  for (const handle of pointsOf(session.snapshots).slice(-POINTS_LOOKED_AT).toReversed()) {
    const missing = claims.filter(({ uid }) => !found.has(uid));
    if (missing.length === 0) break;
    try {
      const { description } = await RestorePoint.open(session, handle);
      for (const claim of missing) {
        const volume =
          description.volumes.find(({ claimUid, data }) => claimUid === claim.uid && data !== undefined) ??
          description.volumes.find(
            ({ namespace, claim: name, data }) => namespace === claim.namespace && name === claim.name && data !== undefined,
          );
        if (volume?.data === undefined || volume.mode !== claim.mode) continue;
        const node = await trees.find(handle.snapshot.snapshot.tree, volume.data.path.map(byteStringOf));
        if (node === undefined || node === "missing" || node.subtree === undefined) continue;
        found.set(claim.uid, { tree: node.subtree, timeMs: handle.timeMs });
      }
    } catch (error) {
      if (!(error instanceof DomainError) || (error.kind !== "corrupt" && error.kind !== "unsupported")) throw error;
    }
  }
  return found;
}
