/**
 * The volumes of a unit, in the order that holds an application still for the shortest time: everything is cut at once, and thawed as soon as the
 * storage has cut it; then the snapshots are handed over to Holdfast's namespace, and there they are copied when they are ready, however long that takes.
 */
import type { Clock } from "../../base/clock.ts";
import { mapConcurrent, orAbort } from "../../base/concurrency.ts";
import { Deadline } from "../../base/deadline.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { Semaphore } from "../../base/semaphore.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import type { Movers } from "../../mover/movers.ts";
import type { MoverSuccess } from "../../mover/work.ts";
import type { LocalSnapshot } from "../../point/description.ts";
import { removeAllOf } from "../../run/gc.ts";
import type { Run } from "../../run/run.ts";
import type { CapturePlan } from "./capture-plan.ts";
import { claimName } from "./claim-facts.ts";
import type { CutVolume } from "./cut.ts";
import { memberName } from "./cut-group.ts";
import { type CutVolumes, cutVolumes } from "./cut-volumes.ts";
import type { ImportedSnapshot } from "./hand-over.ts";
import { Imports } from "./imports.ts";
import type { KeptAs } from "./kept-snapshots.ts";
import type { LastVolume } from "./last-volumes.ts";
import { type MoveContext, moveLive, moveSnapshot } from "./move-volume.ts";
import { Originals } from "./originals.ts";
import type { PlannedLive, PlannedVolume } from "./plan-volumes.ts";
import type { DatabaseOutcome } from "./quiesce-all.ts";
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

/** Movers take the place in their queue that they get here. */
type Rest = Omit<MoveContext, "movers">;

const CLEAN_UP_MS = 30_000;

export class VolumeCapture implements AsyncDisposable {
  readonly #options: VolumeCaptureOptions;
  readonly #run: Run;
  readonly #originals = new Originals();
  readonly #imports: Imports;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  readonly #room: Semaphore;
  #cut: CutVolumes = { groups: [], singles: [], databases: [] };
  #handing: Promise<ReadonlyMap<string, ImportedSnapshot>> | undefined;

  constructor(options: VolumeCaptureOptions) {
    const { run, attempt, table, moverLimit } = options;
    this.#options = options;
    this.#run = attempt === 0 ? run : { ...run, nameOf: (purpose, of) => run.nameOf(purpose, `${of} ${attempt}`) };
    this.#imports = new Imports(this.#run, table, this.#originals);
    this.#signal = AbortSignal.any([options.signal, run.signal, this.#abort.signal]);
    this.#room = new Semaphore(moverLimit);
  }

  /** What the databases were like, after cut(). */
  get databases(): readonly DatabaseOutcome[] {
    return this.#cut.databases;
  }

  /** Returns when the application may write again, with everything cut. The handover begins. Throws as cutVolumes() does */
  async cut(): Promise<void> {
    const { plan, proven, ...options } = this.#options;
    await orAbort(proven, this.#signal);
    this.#cut = await cutVolumes(plan, { ...options, run: this.#run, originals: this.#originals, signal: this.#signal });
    this.#handing = this.#imports.handOver(this.#cut, this.#signal);
    // Thrown where it is awaited.
    this.#handing.catch(() => undefined);
  }

  /** `resource namespace/name`: what a second look finds changed in the application by this run's own doing. */
  get traces(): ReadonlySet<string> {
    const cuts = [...this.#cut.singles, ...this.#cut.groups.flatMap(({ members }) => members)];
    return new Set([
      // A snapshot controller marks a claim for as long as it works on it.
      ...this.#options.plan.volumes.map(({ claim }) => `persistentvolumeclaims ${claimName(claim)}`),
      ...cuts.map(({ original }) => `volumesnapshots ${original.namespace}/${original.name}`),
      ...cuts.map(({ original }) => `volumegroupsnapshots ${original.namespace}/${original.name}`),
      ...cuts.map((cut) => `volumesnapshots ${cut.original.namespace}/${memberName(cut)}`),
    ]);
  }

  /** @param parents By the uid of the claim. Throws as Movers.move() does */
  async move(parents: ReadonlyMap<string, LastVolume>): Promise<readonly MovedVolume[]> {
    const { plan, clock, progress } = this.#options;
    const { volumes } = plan;
    const imported = await this.#handing;
    const all = new VolumeProgress(progress);
    return mapConcurrent(volumes, { limit: Math.max(1, volumes.length), signal: this.#signal }, async (planned, signal) => {
      const { claim } = planned;
      const rest = { run: this.#run, parent: parents.get(claim.uid), progress: all.of(claimName(claim)), signal };
      if (planned.method === "live") return this.#moveLive(planned, rest);
      const one = imported?.get(claim.uid);
      if (one !== undefined) return this.#moveSnapshot(one, rest);
      return { planned, moved: undefined, cut: undefined, timeMs: clock.now(), snapshot: undefined };
    });
  }

  /** The snapshots stay on the storage, as those of the point. */
  async keep(as: KeptAs): Promise<void> {
    await this.#imports.keep(as);
  }

  /** Takes back what is in the application's namespace, and what is in Holdfast's: the storage has its room back at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new DomainError("cancelled", "cancelled", "Cancelled"));
    const [handed] = await Promise.allSettled([this.#handing]);
    const { clock, report } = this.#options;
    const { id, api, namespace } = this.#run;
    using deadline = new Deadline(clock, CLEAN_UP_MS);
    const { signal } = deadline;
    try {
      await this.#originals.takeBack(this.#run, signal);
      await this.#imports.removeAll(signal);
      // What is half handed over is known to nobody but the cluster.
      if (handed.status === "rejected") await removeAllOf(id, api, { namespace, clock, report, signal });
    } catch (error) {
      const message = `Cannot remove all that is temporary: ${asDomainError(error).message}; the next run does, or "holdfast gc"`;
      report({ grade: "info", code: "run_left_over", object: namespace, message });
    }
  }

  async #moveSnapshot(one: ImportedSnapshot, rest: Rest): Promise<MovedVolume> {
    const { movers, keepSnapshots, snapshotTimeoutMs } = this.#options;
    await this.#imports.awaitReady(one, snapshotTimeoutMs, rest.signal);
    using _ = await this.#room.acquire(rest.signal);
    const moved = await moveSnapshot({ ...rest, movers }, one);
    const { planned, cut } = one.of;
    const done = { planned, moved, cut: one.of, timeMs: cut.timeMs };
    if (keepSnapshots > 0) return { ...done, snapshot: this.#imports.describe(one) };
    await this.#imports.removeSingle(one);
    return { ...done, snapshot: undefined };
  }

  async #moveLive(planned: PlannedLive, rest: Rest): Promise<MovedVolume> {
    const { live, clock } = this.#options;
    if (live === undefined) throw new RangeError("Cannot read a volume in use: there is no place for that");
    using _ = await this.#room.acquire(rest.signal);
    const timeMs = clock.now();
    const moved = await moveLive({ ...rest, run: live.run, movers: live.movers }, planned);
    return { planned, moved, cut: undefined, timeMs, snapshot: undefined };
  }
}
