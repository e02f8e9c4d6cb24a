/** The moment: all databases are held still, all snapshots begun at once, and the databases let go as soon as everything is cut. */
import type { Clock } from "../../base/clock.ts";
import { mapConcurrent } from "../../base/concurrency.ts";
import { Deadline } from "../../base/deadline.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import type { Run } from "../../run/run.ts";
import type { CapturePlan } from "./capture-plan.ts";
import { type CutVolume, cutSingles } from "./cut.ts";
import { cutGroup, labelMembers, unlabel } from "./cut-group.ts";
import { Originals } from "./originals.ts";
import type { PlannedGroup } from "./plan-groups.ts";
import type { PlannedSnapshot } from "./plan-volumes.ts";
import { type DatabaseOutcome, quiesceAll } from "./quiesce-all.ts";
import { groupSnapshotKinds, requireKinds, snapshotKinds } from "./snapshot-kinds.ts";

export interface CutOptions {
  readonly run: Run;
  readonly table: ResourceTable;
  readonly originals: Originals;
  readonly quiesceLimitMs: number;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

export interface CutVolumes {
  readonly groups: readonly CutGroup[];
  readonly singles: readonly CutVolume[];
  readonly databases: readonly DatabaseOutcome[];
}

export interface CutGroup {
  readonly group: PlannedGroup;
  readonly members: readonly CutVolume[];
}

/** For taking a label off, whatever has happened. */
const CLEAN_UP_MS = 30_000;

/** Returns when the application may write again. Throws as cutSingles() and cutGroup() do */
export async function cutVolumes({ cuts, databases }: CapturePlan, options: CutOptions): Promise<CutVolumes> {
  const { run, signal } = options;
  try {
    for (const group of cuts.groups) await labelMembers(run, group, signal);
    return await cutStill(cuts, databases, options);
  } finally {
    for (const group of cuts.groups) await takeLabelOff(group, options);
  }
}

/** What others wait for: nothing is in here that can be done before or after. */
async function cutStill(cuts: CapturePlan["cuts"], databases: CapturePlan["databases"], options: CutOptions): Promise<CutVolumes> {
  const { run, quiesceLimitMs, clock, report, signal } = options;
  const held = await quiesceAll(run.api, databases, { limitMs: quiesceLimitMs, clock, report, signal });
  let outcomes: readonly DatabaseOutcome[] = [];
  let cut: Omit<CutVolumes, "databases">;
  try {
    cut = await cutAll(cuts, options);
  } finally {
    outcomes = await held.release();
  }
  return { ...cut, databases: outcomes };
}

type Work = (signal: AbortSignal) => Promise<CutGroup | readonly CutVolume[]>;

/** When it throws, nothing is being cut any more. */
async function cutAll(cuts: CapturePlan["cuts"], options: CutOptions): Promise<Omit<CutVolumes, "databases">> {
  const works: readonly Work[] = [
    async (signal) => singly(cuts.singles, { ...options, signal }),
    ...cuts.groups.map(
      (group): Work =>
        async (signal) =>
          together(group, { ...options, signal }),
    ),
  ];
  const done = await mapConcurrent(works, { limit: works.length, signal: options.signal }, (work, signal) => work(signal));
  return { groups: done.flatMap((one) => ("group" in one ? [one] : [])), singles: done.flatMap((one) => ("group" in one ? [] : one)) };
}

async function singly(planned: readonly PlannedSnapshot[], options: CutOptions): Promise<readonly CutVolume[]> {
  if (planned.length === 0) return [];
  const { table, ...rest } = options;
  return cutSingles({ ...rest, kinds: requireKinds(snapshotKinds(table)) }, planned);
}

/** One by one if the driver refuses. */
async function together(group: PlannedGroup, options: CutOptions): Promise<CutGroup | readonly CutVolume[]> {
  const { run, table, report, signal } = options;
  const originals = new Originals();
  try {
    return { group, members: await cutGroup({ run, kinds: requireKinds(groupSnapshotKinds(table)), originals, signal }, group) };
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "snapshot_failed") throw error;
    // The controller would try it again and again.
    await originals.takeBack(run, signal);
    const object = `volumes of namespace "${group.namespace}"`;
    const message = `The driver cannot cut them at one moment, so they are cut one by one: ${error.message}`;
    report({ grade: "info", code: "group_refused", object, message });
  } finally {
    options.originals.adopt(originals);
  }
  return singly(group.members, options);
}

async function takeLabelOff(group: PlannedGroup, { run, clock }: CutOptions): Promise<void> {
  using deadline = new Deadline(clock, CLEAN_UP_MS);
  await unlabel(run, group, deadline.signal);
}
