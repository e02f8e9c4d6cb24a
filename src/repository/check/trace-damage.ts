/** Finds which snapshots and paths damage touches. */
import type { Session } from "../session.ts";
import type { CheckThreads } from "./check-threads.ts";
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
  const { index, signal } = session;
  using trees = serveTrees(stretches, index, signal);
  const snapshots = session.snapshots.map(({ id, snapshot }) => ({ id, tree: snapshot.tree }));
  return await threads.call("trace", { snapshots, lost, lastEntry, trees: trees.port }, { transfer: [trees.port], signal });
}
