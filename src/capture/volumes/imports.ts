/** The snapshots of a run in Holdfast's namespace, from their handover until they are removed, or kept. */
import { mapConcurrent } from "../../base/concurrency.ts";
import { deleteObject } from "../../kube/objects.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import type { LocalSnapshot } from "../../point/description.ts";
import type { Run } from "../../run/run.ts";
import type { CutVolumes } from "./cut-volumes.ts";
import { awaitReady, handOver, type HandOverContext, type ImportedSnapshot } from "./hand-over.ts";
import { handOverGroup, type ImportedGroup } from "./hand-over-group.ts";
import { type KeptAs, keepSnapshot } from "./kept-snapshots.ts";
import { type Originals, unlessGone } from "./originals.ts";
import { groupSnapshotKinds, requireKinds, type SnapshotKinds, snapshotKinds } from "./snapshot-kinds.ts";

const CONCURRENT_HANDOVERS = 8;

export class Imports {
  readonly #run: Run;
  readonly #table: ResourceTable;
  readonly #originals: Originals;
  readonly #snapshots = new Set<ImportedSnapshot>();
  readonly #groups = new Set<ImportedGroup>();

  constructor(run: Run, table: ResourceTable, originals: Originals) {
    this.#run = run;
    this.#table = table;
    this.#originals = originals;
  }

  /** Gives them by the uid of their claims. Throws as handOver() does */
  async handOver({ groups, singles }: CutVolumes, signal: AbortSignal): Promise<ReadonlyMap<string, ImportedSnapshot>> {
    const works = [
      ...groups.map(({ group, members }) => async (either: AbortSignal) => {
        const imported = await handOverGroup({ ...this.#context(either), groupKinds: this.#groupKinds }, group, members);
        this.#groups.add(imported);
        return imported.members;
      }),
      ...singles.map((cut) => async (either: AbortSignal) => [await handOver(this.#context(either), cut)]),
    ];
    const done = await mapConcurrent(works, { limit: CONCURRENT_HANDOVERS, signal }, async (work, either) => {
      const imported = await work(either);
      for (const one of imported) this.#snapshots.add(one);
      return imported;
    });
    return new Map(done.flat().map((one) => [one.of.planned.claim.uid, one]));
  }

  async awaitReady(imported: ImportedSnapshot, timeoutMs: number, signal: AbortSignal): Promise<void> {
    await awaitReady(this.#context(signal), imported, timeoutMs);
  }

  /** One alone: a member of a group goes with that. */
  async removeSingle(imported: ImportedSnapshot): Promise<void> {
    if (imported.of.original.group !== undefined) return;
    await this.#remove(this.#kinds, imported.name);
    this.#snapshots.delete(imported);
  }

  async removeAll(signal: AbortSignal): Promise<void> {
    // A member cannot go before its group.
    for (const { name } of this.#groups) await this.#remove(this.#groupKinds, name, signal);
    for (const { name } of this.#snapshots) await this.#remove(this.#kinds, name, signal);
  }

  /** They stay on the storage, as those of the point. */
  async keep(as: KeptAs): Promise<void> {
    for (const snapshot of this.#snapshots) await keepSnapshot(this.#run, this.#kinds, snapshot, as);
    this.#snapshots.clear();
    for (const group of this.#groups) await keepSnapshot(this.#run, this.#groupKinds, group, as);
    this.#groups.clear();
  }

  describe({ of, name }: ImportedSnapshot): LocalSnapshot {
    const { planned, cut } = of;
    const sizeBytes = cut.restoreBytes ?? planned.claim.capacityBytes;
    return { driver: planned.volume.driver, handle: cut.handle, sizeBytes, namespace: this.#run.namespace, name };
  }

  /** Without any snapshot nobody asks for the kinds. */
  get #kinds(): SnapshotKinds {
    return requireKinds(snapshotKinds(this.#table));
  }

  get #groupKinds(): SnapshotKinds {
    return requireKinds(groupSnapshotKinds(this.#table));
  }

  #context(signal: AbortSignal): HandOverContext {
    return { run: this.#run, kinds: this.#kinds, originals: this.#originals, signal };
  }

  async #remove({ snapshots }: SnapshotKinds, name: string, signal?: AbortSignal): Promise<void> {
    const { api, namespace } = this.#run;
    await unlessGone(deleteObject(api, snapshots, { namespace, name }, { propagation: "Background", signal }));
  }
}
