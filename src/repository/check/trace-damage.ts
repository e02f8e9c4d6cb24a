/** Finds which snapshots and paths damage touches. */
import type { Session } from "../session.ts";
import type { CheckThreads } from "./check-jobs.ts";
import type { LostBlob, Touched } from "./damage-tracer.ts";
import { serveTrees } from "./tree-requests.ts";
import type { TreeStretches } from "./tree-stretches.ts";

export interface TraceParts {
  readonly threads: CheckThreads;
  readonly stretches: TreeStretches;
  readonly lastEntry: number;
}

/** The oldest snapshot first. */
export async function traceDamage(session: Session, lost: readonly LostBlob[], parts: TraceParts): Promise<readonly Touched[]> {
  if (lost.length === 0) return [];
  const { threads, stretches, lastEntry } = parts;
  const failed = Promise.withResolvers<never>();
  using trees = serveTrees(stretches, session.index, session.signal, failed.reject);
  const snapshots = session.snapshots.map(({ id, snapshot }) => ({ id, tree: snapshot.tree }));
  const traced = threads.run("trace", { snapshots, lost, lastEntry, trees: trees.port }, [trees.port]);
  return await Promise.race([traced, failed.promise]);
}
