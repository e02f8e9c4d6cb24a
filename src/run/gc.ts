/**
 * Removes what dead runs have left. Only what has the marks of a run, and nothing that is to be kept, is touched; what a run owns in
 * Holdfast's namespace goes with its Lease. Killed at any point, the next call goes on.
 *
 * Objects are listed before Leases: a run has its Lease before it makes anything, so what is seen and has none is of a run that is over.
 */
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import type { FindingSink } from "../base/finding.ts";
import type { Ulid } from "../base/ids.ts";
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { listPages } from "../kube/list.ts";
import { deleteObject, getObject, patchObject } from "../kube/objects.ts";
import { type ContentEnd, planContents, readContent } from "./content-plan.ts";
import { listLeases, removeLease, type SeenLease, takeLease } from "./dead-runs.ts";
import {
  CLAIMS,
  CONTENTS,
  GROUP_CONTENTS,
  GROUP_SNAPSHOT_GROUP,
  GROUP_SNAPSHOTS,
  LEASES,
  type RunResource,
  SNAPSHOTS,
  STORAGE_CLASSES,
  VOLUMES,
} from "./kinds.ts";
import { serverOffset } from "./lease.ts";
import { FIELD_MANAGER, GROUP_LABEL, KEEP_ANNOTATION, RECLAIM_POLICY_ANNOTATION, RUN_LABEL } from "./marks.ts";
import { takeOffProtection } from "./source-protection.ts";

export interface LeftoverOptions {
  /** Of Holdfast. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly signal: AbortSignal;
  /** Only looks. */
  readonly dryRun: boolean;
  /** As serverOffset() gives it, where that was asked already. */
  readonly offsetMs?: number | undefined;
}

export interface Leftover {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** In small letters. */
  readonly run: string;
  /** `unmarked`: it is somebody's, and only our mark on it goes. */
  readonly action: "deleted" | "unmarked";
}

/** One object with a mark of ours. */
interface Marked {
  readonly kind: RunResource;
  readonly object: JsonObject;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly run: string;
}

/** In the order in which they are removed. */
interface Found {
  readonly groupSnapshots: readonly Marked[];
  readonly snapshots: readonly Marked[];
  readonly volumes: readonly Marked[];
  readonly grouped: readonly Marked[];
  /** In Holdfast's namespace. */
  readonly claims: readonly Marked[];
  /** Those that stand in for one that takes its secrets from where a claim is. */
  readonly classes: readonly Marked[];
  /** All there are: others may stand for the same snapshots. */
  readonly contents: readonly Marked[];
  readonly groupContents: readonly Marked[];
}

/** @throws {DomainError} what makes the cluster unable to answer. What may not be seen or removed is a finding */
export async function collectLeftovers(api: KubeApi, options: LeftoverOptions): Promise<readonly Leftover[]> {
  const { namespace, clock, signal } = options;
  const collection = new Collection(api, options);
  const offsetMs = options.offsetMs ?? (await serverOffset(api, namespace, clock, signal));
  const found = await collection.find();
  const { leases, isWhole } = await collection.leases(clock.now() + offsetMs);
  const own = leases.filter((lease) => lease.isDead && lease.namespace === namespace);
  const taken: SeenLease[] = [];
  for (const lease of own) if (options.dryRun || (await takeLease(api, lease, signal))) taken.push(lease);
  const known = new Set(leases.map(({ run }) => run));
  const dead = new Set(taken.map(({ run }) => run));
  await collection.remove(found, (run) => dead.has(run) || (isWhole && run !== "" && !known.has(run)));
  for (const lease of taken) await collection.removeLease(lease);
  return collection.leftovers;
}

/** All that a run has made so far, while it lives: for one that cannot tell how far it came. */
export async function removeAllOf(run: Ulid, api: KubeApi, options: Omit<LeftoverOptions, "dryRun">): Promise<void> {
  const collection = new Collection(api, { ...options, dryRun: false });
  const id = run.toLowerCase();
  await collection.remove(await collection.find(), (label) => label === id);
}

class Collection {
  readonly #api: KubeApi;
  readonly #options: LeftoverOptions;
  readonly leftovers: Leftover[] = [];

  constructor(api: KubeApi, options: LeftoverOptions) {
    this.#api = api;
    this.#options = options;
  }

  async find(): Promise<Found> {
    const { namespace } = this.#options;
    const groupVersion = await this.#versionOf(GROUP_SNAPSHOT_GROUP);
    const ofGroups = async (kind: Omit<RunResource, "version">, label?: string): Promise<readonly Marked[]> =>
      groupVersion === undefined ? [] : this.#list({ ...kind, version: groupVersion }, { label });
    const [groupSnapshots, snapshots, volumes, grouped, claims, classes, contents, groupContents] = await Promise.all([
      ofGroups(GROUP_SNAPSHOTS, RUN_LABEL),
      this.#list(SNAPSHOTS, { label: RUN_LABEL }),
      this.#list(VOLUMES, { label: RUN_LABEL }),
      this.#list(CLAIMS, { label: GROUP_LABEL }),
      this.#list(CLAIMS, { label: RUN_LABEL, namespace }),
      this.#list(STORAGE_CLASSES, { label: RUN_LABEL }),
      this.#list(CONTENTS, {}),
      ofGroups(GROUP_CONTENTS),
    ]);
    return { groupSnapshots, snapshots, volumes, grouped, claims, classes, contents, groupContents };
  }

  /** Without the right to see all of them, what has no Lease here may be of a run elsewhere. */
  async leases(nowMs: number): Promise<{ readonly leases: readonly SeenLease[]; readonly isWhole: boolean }> {
    const { namespace, signal } = this.#options;
    try {
      return { leases: await listLeases(this.#api, { namespace: undefined, nowMs, signal }), isWhole: true };
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#missed("leases", error);
      return { leases: await listLeases(this.#api, { namespace, nowMs, signal }), isWhole: false };
    }
  }

  async remove(found: Found, isDead: (run: string) => boolean): Promise<void> {
    const isDoomed = (marked: Marked): boolean => isDead(marked.run) && !isKept(marked.object);
    const snapshots = found.snapshots.filter(isDoomed);
    const groupSnapshots = found.groupSnapshots.filter(isDoomed);
    const groupContents = found.groupContents.map((content) => ({
      marked: content,
      content: readContent(content.object, "volumeGroupSnapshotHandle", isContentDoomed(content, groupSnapshots, isDoomed)),
    }));
    const contents = found.contents.map((content) => ({
      marked: content,
      content: readContent(content.object, "snapshotHandle", isContentDoomed(content, snapshots, isDoomed)),
    }));
    const all = groupContents.map(({ content }) => content);
    const ends = [
      ...endsOf(groupContents, planContents(all)),
      ...endsOf(
        contents,
        planContents(
          contents.map(({ content }) => content),
          all,
        ),
      ),
    ];
    // Whatever happens to the snapshots next, their contents do the right thing.
    for (const { marked, end } of ends) if (end.policy !== undefined) await this.#change(marked, { spec: { deletionPolicy: end.policy } });
    for (const marked of [...groupSnapshots, ...snapshots]) await this.#delete(marked);
    for (const { marked } of ends) {
      // The controller does so when the snapshot is deleted, if it still sees that; without it nobody lets go of the content.
      await this.#change(marked, { metadata: { annotations: { [beingDeleted(marked.kind)]: "yes" } } });
      await this.#delete(marked);
    }
    for (const marked of found.volumes.filter(isDoomed)) await this.#endVolume(marked);
    for (const marked of found.grouped.filter(({ run }) => isDead(run))) await this.#unmark(marked, { labels: { [GROUP_LABEL]: null } });
    for (const marked of [...found.claims, ...found.classes].filter(isDoomed)) await this.#delete(marked);
    for (const marked of snapshots) await this.#takeOffProtection(marked);
  }

  async removeLease(lease: SeenLease): Promise<void> {
    if (!this.#options.dryRun) await removeLease(this.#api, lease, this.#options.signal);
    const { namespace, name, run } = lease;
    this.leftovers.push({ kind: LEASES.kind, namespace, name, run, action: "deleted" });
  }

  /** One that an application has already got is its own; one that it has not goes. */
  async #endVolume(marked: Marked): Promise<void> {
    const { namespace } = this.#options;
    const claim = objectIn(objectIn(marked.object, "spec"), "claimRef");
    const owner = textIn(claim, "namespace");
    if (owner !== undefined && owner !== namespace) {
      const policy = textIn(objectIn(objectIn(marked.object, "metadata"), "annotations"), RECLAIM_POLICY_ANNOTATION);
      const spec = policy === undefined ? {} : { spec: { persistentVolumeReclaimPolicy: policy } };
      await this.#unmark(marked, { labels: { [RUN_LABEL]: null }, annotations: { [RECLAIM_POLICY_ANNOTATION]: null } }, spec);
      return;
    }
    await this.#change(marked, { spec: { persistentVolumeReclaimPolicy: "Delete" } });
    // Bound to a claim in our namespace, it goes with that.
    if (textIn(objectIn(marked.object, "status"), "phase") !== "Bound") await this.#delete(marked);
    else this.#note(marked, "deleted");
  }

  /** In our namespace: what an application makes of a snapshot is its own. */
  async #takeOffProtection(marked: Marked): Promise<void> {
    const { namespace, signal, dryRun } = this.#options;
    if (dryRun || marked.namespace !== namespace) return;
    await this.#tolerating(marked, () => takeOffProtection(this.#api, { namespace, name: marked.name }, signal));
  }

  async #unmark(marked: Marked, metadata: JsonObject, more: JsonObject = {}): Promise<void> {
    if (await this.#change(marked, { metadata, ...more })) this.#note(marked, "unmarked");
  }

  async #delete(marked: Marked): Promise<void> {
    const { kind, namespace, name, uid } = marked;
    const { signal, dryRun } = this.#options;
    const isDone = await this.#tolerating(marked, async () => {
      if (dryRun) return;
      await this.#requireOurs(marked);
      await deleteObject(this.#api, kind, { namespace, name }, { propagation: "Background", preconditions: { uid }, signal });
    });
    if (isDone) this.#note(marked, "deleted");
  }

  /** Whether it is so now. */
  async #change(marked: Marked, changes: JsonObject): Promise<boolean> {
    const { kind, namespace, name, uid } = marked;
    const { signal, dryRun } = this.#options;
    const patch = { type: "merge", changes: { ...changes, metadata: { ...objectIn(changes, "metadata"), uid } } } as const;
    return this.#tolerating(marked, async () => {
      if (dryRun) return;
      await this.#requireOurs(marked);
      await patchObject(this.#api, kind, { namespace, name }, patch, { fieldManager: FIELD_MANAGER, signal });
    });
  }

  /** A run that has ended well since the list may have marked it as one to keep. @throws {DomainError} conflict/kube_conflict */
  async #requireOurs({ kind, namespace, name, object }: Marked): Promise<void> {
    const now = await getObject(this.#api, kind, { namespace, name }, { signal: this.#options.signal });
    if (isKept(now) && !isKept(object))
      throw new DomainError("conflict", "kube_conflict", `Cannot remove ${kind.plural} "${name}": it is kept`);
  }

  /** What is gone meanwhile is as good; one thing that may not be removed keeps none of the others. */
  async #tolerating({ kind, name }: Marked, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#options.signal.throwIfAborted();
      if (!(error instanceof DomainError)) throw error;
      // With its snapshot, as a rule.
      if (error.code === "kube_not_found") return true;
      if (error.code === "kube_conflict") return false;
      const object = `${kind.plural} "${name}"`;
      const message = `Cannot remove what a run has left: ${error.message}`;
      this.#options.report({ grade: "info", code: "leftover_stays", object, message });
      return false;
    }
  }

  #note({ kind, namespace, name, run }: Marked, action: Leftover["action"]): void {
    this.leftovers.push({ kind: kind.kind, namespace, name, run, action });
  }

  /** Empty where the cluster does not have the kind, or does not show it. */
  async #list(
    kind: RunResource,
    { label, namespace }: { readonly label?: string | undefined; readonly namespace?: string | undefined },
  ): Promise<readonly Marked[]> {
    const { signal } = this.#options;
    const found: Marked[] = [];
    try {
      for await (const { items } of listPages(this.#api, kind, { labelSelector: label, namespace, signal })) {
        found.push(...items.map((object) => markedOf(kind, object, label ?? RUN_LABEL)));
      }
    } catch (error) {
      if (error instanceof DomainError && error.code === "kube_not_served") return [];
      if (!isForbidden(error)) throw error;
      this.#missed(kind.plural, error);
      return [];
    }
    return found;
  }

  async #versionOf(group: string): Promise<string | undefined> {
    const { signal } = this.#options;
    try {
      const { value } = await this.#api.request({
        method: "GET",
        action: `ask for the versions of ${group}`,
        path: `/apis/${group}`,
        signal,
      });
      return textIn(objectIn(value, "preferredVersion"), "version");
    } catch (error) {
      if (error instanceof DomainError && (error.code === "kube_not_served" || error.code === "kube_not_found")) return undefined;
      throw error;
    }
  }

  #missed(object: string, error: DomainError): void {
    const message = `Cannot look for all that earlier runs may have left: ${error.message}`;
    this.#options.report({ grade: "info", code: "leftovers_unseen", object, message });
  }
}

function markedOf(kind: RunResource, object: JsonObject, label: string): Marked {
  const metadata = objectIn(object, "metadata");
  return {
    kind,
    object,
    namespace: textIn(metadata, "namespace"),
    name: textIn(metadata, "name") ?? "",
    uid: textIn(metadata, "uid") ?? "",
    // Of several groups, each claim says which after a dot.
    run: (textIn(objectIn(metadata, "labels"), label) ?? "").split(".", 1)[0] ?? "",
  };
}

/** It is of a dead run itself, or the snapshot that it came about by is: drivers make contents, and know no marks. */
function isContentDoomed(content: Marked, snapshots: readonly Marked[], isDoomed: (marked: Marked) => boolean): boolean {
  if (isKept(content.object)) return false;
  if (isDoomed(content)) return true;
  const spec = objectIn(content.object, "spec");
  const ref = textIn(objectIn(spec, "volumeSnapshotRef"), "uid") ?? textIn(objectIn(spec, "volumeGroupSnapshotRef"), "uid");
  return ref !== undefined && snapshots.some(({ uid }) => uid === ref);
}

function endsOf(
  contents: readonly { readonly marked: Marked }[],
  ends: readonly ContentEnd[],
): readonly { readonly marked: Marked; readonly end: ContentEnd }[] {
  const byName = new Map(contents.map(({ marked }) => [marked.name, marked]));
  return ends.flatMap((end) => {
    const marked = byName.get(end.name);
    return marked === undefined ? [] : [{ marked, end }];
  });
}

/** Source: external-snapshotter, `AnnVolumeSnapshotBeingDeleted`, `AnnVolumeGroupSnapshotBeingDeleted`. */
function beingDeleted({ group }: RunResource): string {
  const kind = group === GROUP_SNAPSHOT_GROUP ? "group" : "";
  return `${kind}snapshot.storage.kubernetes.io/volume${kind}snapshot-being-deleted`;
}

function isKept(object: JsonObject): boolean {
  return textIn(objectIn(objectIn(object, "metadata"), "annotations"), KEEP_ANNOTATION) !== undefined;
}

function isForbidden(error: unknown): error is DomainError {
  return error instanceof DomainError && error.code === "kube_forbidden";
}
