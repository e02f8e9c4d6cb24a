/**
 * Fills the volumes of a restore: those that can be made at once before anything runs that could use them; those whose class waits for a
 * pod where the scheduler put the pod. Whatever fails, its claim goes on waiting, and so do the pods that need it: nothing runs on less
 * than all of its data, and the restore can be repeated.
 */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { JsonObject } from "../../kube/json.ts";
import { listPages } from "../../kube/list.ts";
import { describeId, idOfObject } from "../../kube/object-id.ts";
import { getObject, patchObject } from "../../kube/objects.ts";
import { RESTORE_MANAGER } from "../field-manager.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { consumedClaims } from "./consumers.ts";
import { fillVolume, type FillContext, type VolumeContent } from "./filled-volume.ts";
import { handOver } from "./hand-over.ts";
import type { PlannedVolume } from "./planned-volume.ts";
import { annotationIn, boundVolumeOf, CLAIMS, resourceVersionOf, SELECTED_NODE, uidOf } from "./storage-objects.ts";

export interface StoredVolume {
  readonly tree: HexId;
  /** Node of its root folder; block volumes have none. */
  readonly root?: string | undefined;
}

export interface VolumeRestoreRequest {
  readonly context: FillContext;
  readonly volumes: readonly PlannedVolume[];
  /** Where the data of a volume is in the repository. */
  readonly contentOf: (volume: PlannedVolume) => StoredVolume;
  /** How many are filled at a time. */
  readonly limit: number;
  readonly report: FindingSink;
  readonly progress?: ProgressSink | undefined;
  readonly signal: AbortSignal;
}

export interface VolumeOutcome {
  readonly namespace: string;
  readonly claim: string;
  readonly from: PlannedVolume["from"]["kind"];
  readonly persistentVolume: string;
  /** Written by a mover; absent where the storage copied by itself. */
  readonly bytes?: number;
  /** How long its mover worked. */
  readonly moverMs?: number;
  /** All of it: with the claim, the mover's start, and the handing over. */
  readonly fillMs: number;
}

/** Nobody is in sight who would use the claim: the pods of most workloads are there within a second, those of operators take longer. */
const GRACE_MS = 15_000;
/** A pod that needs the claim was given no node for so long: nothing tells whether it ever will be. */
const NO_NODE_MS = 300_000;
const INTERVAL_MS = 500;
const MAX_MOVES = 5;

export class VolumeRestore implements AsyncDisposable {
  readonly #request: VolumeRestoreRequest;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #outcomes: VolumeOutcome[] = [];
  readonly #filling = new Set<Promise<void>>();
  readonly #late: Set<PlannedVolume>;
  #following: Promise<void> | undefined;
  /** Since when there is nothing to come but pods; undefined: objects are still being written. */
  #quietMs: number | undefined;

  constructor(request: VolumeRestoreRequest) {
    this.#request = request;
    this.#signal = AbortSignal.any([request.signal, this.#ended.signal]);
    this.#late = new Set(request.volumes.filter(({ isLate }) => isLate));
  }

  /** Whether a volume is on its way. */
  get isFilling(): boolean {
    return this.#filling.size > 0;
  }

  /** All that need no pod. Call it when their claims are there and before anything is that could use them. */
  async fillEarly(): Promise<void> {
    const early = this.#request.volumes.filter(({ isLate }) => !isLate);
    const { limit, context } = this.#request;
    await forEachConcurrent(early, { limit, signal: this.#signal }, async (volume, signal) => {
      const live = await getObject(context.run.api, CLAIMS, volume.claim, { signal }).catch(onlyIfThere);
      // A webhook that does not answer yet may hold it up.
      if (live === undefined) this.#late.add(volume);
      else await this.#restore(volume, undefined);
    });
  }

  /** From now on, whatever gets a node is filled. */
  follow(): void {
    if (this.#late.size === 0) return;
    this.#following = this.#follow();
    this.#following.catch(() => undefined); // thrown by finish()
  }

  /** Call it when everything is written. */
  async finish(): Promise<readonly VolumeOutcome[]> {
    this.#quietMs = this.#now();
    await this.#following;
    return this.#outcomes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new DomainError("cancelled", "restore_ended", "Cancelled: the restore has ended"));
    await Promise.allSettled([this.#following, ...this.#filling]);
  }

  async #follow(): Promise<void> {
    try {
      while (this.#late.size > 0) {
        const claims = await this.#claims();
        for (const volume of this.#late) {
          const claim = claims.get(nameOf(volume));
          const node = claim === undefined ? undefined : annotationIn(claim, SELECTED_NODE);
          // A claim that is gone, or was refused, waits for nobody; one that is bound is done.
          const isDue =
            claim === undefined ? this.#quietMs !== undefined : !volume.isLate || node !== undefined || boundVolumeOf(claim) !== undefined;
          if (isDue) this.#start(volume, volume.isLate ? node : undefined);
        }
        await this.#startUnused();
        await this.#request.context.run.api.clock.sleep(INTERVAL_MS, this.#signal);
      }
      while (this.#filling.size > 0) await Promise.all(this.#filling);
    } catch (error) {
      this.#ended.abort(error);
      await Promise.allSettled(this.#filling);
      throw error;
    }
  }

  async #startUnused(): Promise<void> {
    const { api } = this.#request.context.run;
    if (this.#quietMs === undefined || this.#late.size === 0 || this.#filling.size > 0 || this.#now() - this.#quietMs < GRACE_MS) return;
    for (const [namespace, volumes] of Map.groupBy(this.#late, ({ claim }) => claim.namespace)) {
      const consumed = await consumedClaims(api, namespace, this.#signal);
      for (const volume of volumes) {
        if (!consumed.has(volume.claim.name)) this.#start(volume, undefined);
        else if (this.#now() - this.#quietMs > NO_NODE_MS) {
          this.#late.delete(volume);
          this.#fail(
            volume,
            "volume_without_node",
            `Not filled: the pod that uses it was given no node within ${NO_NODE_MS / 60_000} minutes; restore again once it can run`,
          );
        }
      }
    }
  }

  #start(volume: PlannedVolume, node: string | undefined): void {
    this.#late.delete(volume);
    const filling = this.#restore(volume, node).finally(() => {
      this.#filling.delete(filling);
      // What comes next may have waited for this one.
      if (this.#quietMs !== undefined) this.#quietMs = this.#now();
    });
    this.#filling.add(filling);
    filling.catch((error: unknown) => this.#ended.abort(error));
  }

  /** What goes wrong with one volume stops no other. */
  async #restore(volume: PlannedVolume, node: string | undefined): Promise<void> {
    try {
      await this.#fill(volume, node);
    } catch (error) {
      this.#signal.throwIfAborted();
      const { kind, message, hint } = asDomainError(error);
      if (kind === "cancelled" || kind === "internal" || kind === "unauthenticated") throw error;
      this.#fail(
        volume,
        "volume_not_filled",
        `Not filled, and still waiting for its data: ${message}${hint === undefined ? "" : ` (${hint})`}`,
      );
    }
  }

  async #fill(volume: PlannedVolume, node: string | undefined): Promise<void> {
    const { context, contentOf, progress } = this.#request;
    const { claim, shape } = volume;
    const signal = this.#signal;
    const startMs = this.#now();
    let [selectedNode, from] = [node, volume.from];
    for (let move = 1; ; move++) {
      const live = await getObject(context.run.api, CLAIMS, claim, { signal }).catch(onlyIfThere);
      // It was refused, which has been said.
      if (live === undefined) return;
      if (boundVolumeOf(live) !== undefined) {
        this.#fail(volume, "volume_not_filled", "Not filled: somebody gave its claim another volume meanwhile, which may be empty");
        return;
      }
      const content: VolumeContent = from.kind === "snapshot" ? from : { kind: "tree", ...contentOf(volume) };
      try {
        const filled = await fillVolume(context, { claim: { ...claim, object: live }, shape, content, selectedNode, progress, signal });
        await handOver(context, filled, { ...claim, uid: uidOf(live) }, signal);
        const { persistentVolume, bytes, moverMs } = filled;
        const fillMs = Math.round(this.#now() - startMs);
        this.#outcomes.push({
          namespace: claim.namespace,
          claim: claim.name,
          from: from.kind,
          persistentVolume,
          ...(bytes === undefined ? {} : { bytes }),
          ...(moverMs === undefined ? {} : { moverMs }),
          fillMs,
        });
        return;
      } catch (error) {
        if (!(error instanceof DomainError) || move === MAX_MOVES) throw error;
        if (error.code === "volume_moved") selectedNode = await this.#anotherNode(live);
        else if (error.code === "volume_not_provisioned" && from.kind === "snapshot") {
          const message = `Its data comes from the repository, as its local snapshot "${from.name}" cannot be used: ${error.message}`;
          this.#request.report({ grade: "info", code: "local_snapshot_unusable", object: describeId({ ...CLAIMS, ...claim }), message });
          from = { kind: "repository" };
        } else throw error;
      }
    }
  }

  /** As a provisioner does: without the annotation, the scheduler chooses anew. */
  async #anotherNode(claim: JsonObject): Promise<string> {
    const { api } = this.#request.context.run;
    const { namespace = "", name } = idOfObject(claim);
    const changes = { metadata: { resourceVersion: resourceVersionOf(claim), annotations: { [SELECTED_NODE]: null } } };
    await patchObject(
      api,
      CLAIMS,
      { namespace, name },
      { type: "merge", changes },
      { fieldManager: RESTORE_MANAGER, signal: this.#signal },
    );
    const untilMs = this.#now() + NO_NODE_MS;
    while (this.#now() < untilMs) {
      await api.clock.sleep(INTERVAL_MS, this.#signal);
      const node = annotationIn(await getObject(api, CLAIMS, { namespace, name }, { signal: this.#signal }), SELECTED_NODE);
      if (node !== undefined) return node;
    }
    throw new DomainError(
      "unavailable",
      "volume_without_node",
      `Cannot fill the volume of claim "${name}": its pod is given no other node`,
    );
  }

  /** By namespace and name. */
  async #claims(): Promise<ReadonlyMap<string, JsonObject>> {
    const { api } = this.#request.context.run;
    const found = new Map<string, JsonObject>();
    for (const namespace of new Set(Array.from(this.#late, ({ claim }) => claim.namespace))) {
      for await (const { items } of listPages(api, CLAIMS, { namespace, signal: this.#signal })) {
        for (const item of items) found.set(`${namespace}/${idOfObject(item).name}`, item);
      }
    }
    return found;
  }

  #fail({ claim }: PlannedVolume, code: string, message: string): void {
    this.#request.report({ grade: "partial", code, object: describeId({ ...CLAIMS, ...claim }), message });
  }

  #now(): number {
    return this.#request.context.run.api.clock.monotonicMs();
  }
}

function nameOf({ claim }: PlannedVolume): string {
  return `${claim.namespace}/${claim.name}`;
}
