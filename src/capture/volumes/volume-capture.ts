/**
 * The volumes of a unit, in the order that holds an application still for the shortest time: everything is cut at once, and thawed as soon as the
 * storage has cut it; then the snapshots are handed over to Holdfast's namespace, and there they are copied when they are ready, however long that takes.
 */
import type { Clock } from "../../base/clock.ts";
import { mapConcurrent, orAbort } from "../../base/concurrency.ts";
import { Deadline } from "../../base/deadline.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { Ulid } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { Semaphore } from "../../base/semaphore.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import { deleteObject } from "../../kube/objects.ts";
import type { Movers } from "../../mover/movers.ts";
import type { MoverSuccess } from "../../mover/work.ts";
import type { LocalSnapshot } from "../../point/description.ts";
import type { Run } from "../../run/run.ts";
import type { CapturePlan } from "./capture-plan.ts";
import { claimName } from "./claim-facts.ts";
import { type CutVolume, cutSingles } from "./cut.ts";
import { cutGroup, memberName, unlabel } from "./cut-group.ts";
import { awaitReady, handOver, type ImportedSnapshot } from "./hand-over.ts";
import { handOverGroup, type ImportedGroup } from "./hand-over-group.ts";
import { keepSnapshot, type KeptAs } from "./kept-snapshots.ts";
import type { LastVolume } from "./last-volumes.ts";
import { type MoveContext, moveLive, moveSnapshot } from "./move-volume.ts";
import { Originals, unlessGone } from "./originals.ts";
import type { PlannedGroup } from "./plan-groups.ts";
import type { PlannedVolume } from "./plan-volumes.ts";
import { type DatabaseOutcome, quiesceAll } from "./quiesce-all.ts";
import { groupSnapshotKinds, requireKinds, snapshotKinds } from "./snapshot-kinds.ts";
import { VolumeProgress } from "./volume-progress.ts";

export interface VolumeTools {
  readonly run: Run;
  readonly movers: Movers;
  /** In the namespace where folders of nodes may be mounted; only where it was asked for. */
  readonly live: { readonly run: Run; readonly movers: Movers } | undefined;
  /** Resolves when movers have been seen to reach the location; nothing is changed before. */
  readonly proven: Promise<unknown>;
  /** How many volumes are copied at a time. */
  readonly moverLimit: number;
  readonly quiesceLimitMs: number;
  /** How long a snapshot may take to become ready. */
  readonly snapshotTimeoutMs: number;
  /** How many points keep their snapshots on the storage. */
  readonly keepSnapshots: number;
}

export interface VolumeCaptureOptions extends VolumeTools {
  readonly plan: CapturePlan;
  readonly table: ResourceTable;
  /** Counts the attempts of a run: names must not come twice. */
  readonly attempt: number;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
}

/** What became of one volume. */
export interface MovedVolume {
  readonly planned: PlannedVolume;
  /** Absent where nothing was read. */
  readonly moved: MoverSuccess | undefined;
  readonly cut: CutVolume | undefined;
  /** When it was read, if it was not cut. */
  readonly timeMs: number;
  readonly snapshot: LocalSnapshot | undefined;
}

interface Handed {
  readonly groups: readonly ImportedGroup[];
  readonly singles: readonly ImportedSnapshot[];
}

const CONCURRENT_HANDOVERS = 8;
const CLEAN_UP_MS = 30_000;

export class VolumeCapture implements AsyncDisposable {
  readonly #options: VolumeCaptureOptions;
  readonly #run: Run;
  readonly #originals = new Originals();
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  #outcomes: readonly DatabaseOutcome[] = [];
  #cuts: readonly CutVolume[] = [];
  #handing: Promise<Handed> | undefined;
  /** In Holdfast's namespace, and to go at the end. */
  readonly #imported = new Set<ImportedSnapshot>();
  readonly #importedGroups = new Set<ImportedGroup>();

  constructor(options: VolumeCaptureOptions) {
    const { run, attempt } = options;
    this.#options = options;
    this.#run = attempt === 0 ? run : { ...run, nameOf: (purpose, of) => run.nameOf(purpose, `${of} ${attempt}`) };
    this.#signal = AbortSignal.any([options.signal, run.signal, this.#abort.signal]);
  }

  /** What the databases were like, after cut(). */
  get databases(): readonly DatabaseOutcome[] {
    return this.#outcomes;
  }

  /**
   * Returns when the application may write again, with everything cut. The handover begins.
   *
   * @throws {DomainError} unavailable/snapshot_failed, unavailable/snapshot_timeout, conflict/snapshot_gone, conflict/group_members
   */
  async cut(): Promise<void> {
    const { plan, clock, quiesceLimitMs, report, proven } = this.#options;
    await orAbort(proven, this.#signal);
    const held = await quiesceAll(this.#run.api, plan.databases, { limitMs: quiesceLimitMs, clock, report, signal: this.#signal });
    const groups: [PlannedGroup, readonly CutVolume[]][] = [];
    let singles: readonly CutVolume[] = [];
    try {
      [singles] = await Promise.all([
        this.#cutSingles(plan.cuts.singles),
        ...plan.cuts.groups.map(async (group) => {
          const cuts = await this.#cutGroup(group);
          if (cuts !== undefined) groups.push([group, cuts]);
        }),
      ]);
      const refused = plan.cuts.groups.filter((group) => !groups.some(([done]) => done === group));
      if (refused.length > 0) singles = [...singles, ...(await this.#cutSingles(refused.flatMap(({ members }) => members)))];
    } finally {
      this.#outcomes = await held.release();
      for (const group of plan.cuts.groups) await this.#unlabel(group);
    }
    this.#cuts = [...singles, ...groups.flatMap(([, cuts]) => cuts)];
    this.#handing = this.#handOver(groups, singles);
    // Thrown where it is awaited.
    this.#handing.catch(() => undefined);
  }

  /** `resource namespace/name`: what a second look finds changed in the application by this run's own doing. */
  get traces(): ReadonlySet<string> {
    const { plan } = this.#options;
    return new Set([
      // A snapshot controller marks a claim for as long as it works on it.
      ...plan.volumes.map(({ claim }) => `persistentvolumeclaims ${claimName(claim)}`),
      ...this.#cuts.map(({ original }) => `volumesnapshots ${original.namespace}/${original.name}`),
      ...this.#cuts.map(({ original }) => `volumegroupsnapshots ${original.namespace}/${original.name}`),
      ...this.#cuts.map((cut) => `volumesnapshots ${cut.original.namespace}/${memberName(cut)}`),
    ]);
  }

  /** @param parents By the uid of the claim. Throws as Movers.move() does */
  async move(parents: ReadonlyMap<string, LastVolume>): Promise<readonly MovedVolume[]> {
    const { plan, moverLimit, clock, progress } = this.#options;
    const handed = await this.#handing;
    const imported = new Map(
      [...(handed?.singles ?? []), ...(handed?.groups ?? []).flatMap(({ members }) => members)].map((one) => [
        one.of.planned.claim.uid,
        one,
      ]),
    );
    const room = new Semaphore(moverLimit);
    const all = new VolumeProgress(progress);
    const { volumes } = plan;
    return mapConcurrent(volumes, { limit: Math.max(1, volumes.length), signal: this.#signal }, async (planned, signal) => {
      const { claim } = planned;
      const rest = { run: this.#run, parent: parents.get(claim.uid), progress: all.of(claimName(claim)), signal };
      if (planned.method === "live") return this.#moveLive(planned, rest, room);
      const one = imported.get(claim.uid);
      if (one === undefined) return { planned, moved: undefined, cut: undefined, timeMs: clock.now(), snapshot: undefined };
      await awaitReady(this.#handOverContext(signal), one, this.#options.snapshotTimeoutMs);
      using _ = await room.acquire(signal);
      const moved = await moveSnapshot({ ...rest, movers: this.#options.movers }, one);
      if (this.#options.keepSnapshots === 0 && one.of.original.group === undefined) await this.#remove(one);
      const snapshot = this.#options.keepSnapshots === 0 ? undefined : this.#localSnapshot(one);
      return { planned, moved, cut: one.of, timeMs: one.of.cut.timeMs, snapshot };
    });
  }

  /** The snapshots stay on the storage, as those of the point. */
  async keep(as: Omit<KeptAs, "point">, point: Ulid): Promise<void> {
    const { table } = this.#options;
    const kinds = requireKinds(snapshotKinds(table));
    for (const { name, content } of this.#imported) await keepSnapshot(this.#run, kinds, { name, content }, { ...as, point });
    this.#imported.clear();
    const groupKinds = groupSnapshotKinds(table);
    if (groupKinds === undefined) return;
    for (const { name, content } of this.#importedGroups) await keepSnapshot(this.#run, groupKinds, { name, content }, { ...as, point });
    this.#importedGroups.clear();
  }

  /** Takes back what is in the application's namespace, and what is in Holdfast's: the storage has its room back at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new DomainError("cancelled", "cancelled", "Cancelled"));
    await this.#handing?.catch(() => undefined);
    using deadline = new Deadline(this.#options.clock, CLEAN_UP_MS);
    const { signal } = deadline;
    try {
      await this.#originals.takeBack(this.#run, signal);
      // A member cannot go before its group.
      for (const group of this.#importedGroups) await this.#removeGroup(group, signal);
      for (const imported of this.#imported) await this.#remove(imported, signal);
    } catch (error) {
      const message = `Cannot remove all that is temporary: ${asDomainError(error).message}; the next run does, or "holdfast gc"`;
      this.#options.report({ grade: "info", code: "run_left_over", object: this.#run.namespace, message });
    }
  }

  async #cutSingles(planned: CapturePlan["cuts"]["singles"]): Promise<readonly CutVolume[]> {
    if (planned.length === 0) return [];
    const kinds = requireKinds(snapshotKinds(this.#options.table));
    return cutSingles({ run: this.#run, kinds, originals: this.#originals, signal: this.#signal }, planned);
  }

  /** undefined: the driver refuses, and they are to be cut one by one. */
  async #cutGroup(group: PlannedGroup): Promise<readonly CutVolume[] | undefined> {
    const kinds = requireKinds(groupSnapshotKinds(this.#options.table));
    const originals = new Originals();
    try {
      return await cutGroup({ run: this.#run, kinds, originals, signal: this.#signal }, group);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== "snapshot_failed") throw error;
      // The controller would try it again and again.
      await originals.takeBack(this.#run, this.#signal);
      const object = `volumes of namespace "${group.namespace}"`;
      const message = `The driver cannot cut them at one moment, so they are cut one by one: ${error.message}`;
      this.#options.report({ grade: "info", code: "group_refused", object, message });
      return undefined;
    } finally {
      this.#originals.adopt(originals);
    }
  }

  async #unlabel(group: PlannedGroup): Promise<void> {
    using deadline = new Deadline(this.#options.clock, CLEAN_UP_MS);
    await unlabel(this.#run, group, deadline.signal);
  }

  async #handOver(groups: readonly (readonly [PlannedGroup, readonly CutVolume[]])[], singles: readonly CutVolume[]): Promise<Handed> {
    if (groups.length === 0 && singles.length === 0) return { groups: [], singles: [] };
    const context = this.#handOverContext(this.#signal);
    const groupKinds = groupSnapshotKinds(this.#options.table);
    const [doneGroups, doneSingles] = await Promise.all([
      Promise.all(
        groups.map(async ([group, cuts]) => {
          const imported = await handOverGroup({ ...context, groupKinds: requireKinds(groupKinds) }, group, cuts);
          this.#importedGroups.add(imported);
          for (const member of imported.members) this.#imported.add(member);
          return imported;
        }),
      ),
      mapConcurrent(singles, { limit: CONCURRENT_HANDOVERS, signal: this.#signal }, async (cut, signal) => {
        const imported = await handOver({ ...context, signal }, cut);
        this.#imported.add(imported);
        return imported;
      }),
    ]);
    return { groups: doneGroups, singles: doneSingles };
  }

  #handOverContext(signal: AbortSignal): Parameters<typeof handOver>[0] {
    // Without any snapshot nobody asks for the kinds.
    const kinds = requireKinds(snapshotKinds(this.#options.table));
    return { run: this.#run, kinds, originals: this.#originals, signal };
  }

  async #moveLive(
    planned: PlannedVolume & { readonly method: "live" },
    rest: Omit<MoveContext, "movers">,
    room: Semaphore,
  ): Promise<MovedVolume> {
    const { live, clock } = this.#options;
    if (live === undefined) throw new RangeError("Cannot read a volume in use: there is no place for that");
    using _ = await room.acquire(rest.signal);
    const timeMs = clock.now();
    const moved = await moveLive({ ...rest, run: live.run, movers: live.movers }, planned);
    return { planned, moved, cut: undefined, timeMs, snapshot: undefined };
  }

  #localSnapshot({ of, name }: ImportedSnapshot): LocalSnapshot {
    const { planned, cut } = of;
    const sizeBytes = cut.restoreBytes ?? planned.claim.capacityBytes;
    return { driver: planned.volume.driver, handle: cut.handle, sizeBytes, namespace: this.#run.namespace, name };
  }

  async #remove(imported: ImportedSnapshot, signal?: AbortSignal): Promise<void> {
    const kinds = requireKinds(snapshotKinds(this.#options.table));
    const place = { namespace: this.#run.namespace, name: imported.name };
    await unlessGone(deleteObject(this.#run.api, kinds.snapshots, place, { propagation: "Background", signal }));
    this.#imported.delete(imported);
  }

  async #removeGroup(group: ImportedGroup, signal: AbortSignal): Promise<void> {
    const kinds = requireKinds(groupSnapshotKinds(this.#options.table));
    const place = { namespace: this.#run.namespace, name: group.name };
    await unlessGone(deleteObject(this.#run.api, kinds.snapshots, place, { propagation: "Background", signal }));
    this.#importedGroups.delete(group);
  }
}
