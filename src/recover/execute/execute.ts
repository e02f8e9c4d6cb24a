/** Executes a plan: wave after wave, and within a wave at once, reading the point again as it goes. What one object is refused stops no other. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError, isRetryable } from "../../base/errors.ts";
import type { Finding, FindingSink } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { objectIn, textIn } from "../../kube/json.ts";
import { describeId, keyOf } from "../../kube/object-id.ts";
import { createObject, patchObject } from "../../kube/objects.ts";
import { apiVersionOf, type ResourceType } from "../../kube/resource-type.ts";
import { type ObjectReading, type PlannedObject, plannedObjects } from "../plan/chosen-objects.ts";
import type { PlannedRestore } from "../plan/make-plan.ts";
import type { MaskGate } from "../mask/mask-gate.ts";
import type { PlanEntry } from "../plan/plan.ts";
import { NAMESPACES } from "../plan/target-namespaces.ts";
import type { CapturedOwner } from "../prepare/prepared.ts";
import type { OwnerUid } from "../prepare/rewire.ts";
import { type Wave, WAVES } from "../prepare/waves.ts";
import { RESTORE_MANAGER } from "../field-manager.ts";
import type { VolumeOutcome, VolumeRestore } from "../volumes/volume-restore.ts";
import { waitUntilServed } from "./established.ts";
import type { Pace } from "./pace.ts";
import { storedOtherwise } from "./stored-otherwise.ts";
import { withoutSecrets } from "./without-secrets.ts";
import { isWebhook, type Write, Writer } from "./writer.ts";

export interface Execution extends ObjectReading {
  readonly api: KubeApi;
  readonly pace: Pace;
  readonly report: FindingSink;
  readonly progress?: ProgressSink | undefined;
  /** Fills the volumes of the plan; undefined: there are none to fill. */
  readonly volumes?: VolumeRestore | undefined;
  /** Some run before all others; undefined: none does. */
  readonly gate?: MaskGate | undefined;
}

export interface ExecutionResult {
  /** Keys of what was written. */
  readonly written: ReadonlySet<string>;
  readonly failed: number;
  readonly volumes: readonly VolumeOutcome[];
}

/** @throws {DomainError} what stops all of it: the API server is gone, or nobody is signed in any more. The restore can then be repeated */
export async function execute(planned: PlannedRestore, execution: Execution): Promise<ExecutionResult> {
  const run = new ExecutionRun(planned, execution);
  const { volumes, gate, signal } = execution;
  for (const wave of WAVES) {
    if (wave === FIRST_CONSUMERS) {
      await volumes?.fillEarly();
      volumes?.follow();
      if (gate !== undefined) {
        const isFirst = (entry: PlanEntry): boolean => gate.isFirst(entry);
        for (const first of CONSUMERS) await run.wave(first, isFirst);
        await run.postponed();
        await gate.open(() => volumes?.isFilling ?? false, signal);
      }
    }
    await run.wave(wave, (entry) => gate?.isFirst(entry) !== true);
  }
  await run.postponed();
  await run.finish();
  return { ...run.result(), volumes: (await volumes?.finish()) ?? [] };
}

/** Operators make pods as soon as they see what they look after; Secrets that storage needs are there before. */
const FIRST_CONSUMERS: Wave = "custom";
/** Where there is what runs. */
const CONSUMERS: readonly Wave[] = [FIRST_CONSUMERS, "workloads"];

const POSTPONED_MS = 120_000;
const INTERVAL_MS = 2_000;

class ExecutionRun {
  readonly #planned: PlannedRestore;
  readonly #execution: Execution;
  readonly #writer: Writer;
  readonly #written = new Set<string>();
  readonly #postponed: PlannedObject[] = [];
  readonly #unfinished: Write[] = [];
  /** By the uid in the point. */
  readonly #uids: Map<string, string>;
  readonly #orphaned = new Map<string, CapturedOwner>();
  #failed = 0;
  #done = 0;

  constructor(planned: PlannedRestore, execution: Execution) {
    this.#planned = planned;
    this.#execution = execution;
    this.#uids = new Map(planned.uids.live);
    this.#writer = new Writer({ api: execution.api, pace: execution.pace, uidOf: this.#uidOf });
  }

  async wave(wave: Wave, isMeant: (entry: PlanEntry) => boolean): Promise<void> {
    const entries = this.#planned.plan.entries.filter((entry) => entry.wave === wave && entry.action !== "skip" && isMeant(entry));
    if (entries.length === 0) return;
    const { pace, signal } = this.#execution;
    if (wave === "definitions") await this.#plainNamespaces(entries);
    const objects = plannedObjects(this.#planned, wave, this.#execution);
    await forEachConcurrent(objects, { limit: pace.maxConcurrency, signal }, async (object, either) => {
      if (isMeant(object.entry)) await this.#write(object, true, either);
    });
    if (wave === "definitions") await this.#waitForDefinitions();
  }

  /** What a webhook gave no answer for: that may run in what was restored after it, and takes its time to start. */
  async postponed(): Promise<void> {
    const { api, pace, signal, progress } = this.#execution;
    const untilMs = api.clock.monotonicMs() + POSTPONED_MS;
    while (this.#postponed.length > 0) {
      const objects = this.#postponed.splice(0);
      const mayPostpone = api.clock.monotonicMs() < untilMs;
      await forEachConcurrent(objects, { limit: pace.maxConcurrency, signal }, (object, either) =>
        this.#write(object, mayPostpone, either),
      );
      if (this.#postponed.length === 0) return;
      progress?.({ stage: "Waiting for webhooks", doneBytes: 0, doneItems: this.#done, totalItems: this.#planned.byKey.size });
      await api.clock.sleep(INTERVAL_MS, signal);
    }
  }

  /** Those whose owners came later. */
  async finish(): Promise<void> {
    const { pace, signal, report } = this.#execution;
    await forEachConcurrent(this.#unfinished, { limit: pace.maxConcurrency, signal }, async (write, either) => {
      await this.#attempt(write, false, either, () => this.#writer.finish(write, either));
    });
    for (const { kind, name } of this.#orphaned.values()) {
      const message = `Not at the target: what it owned was restored without an owner`;
      report({ grade: "info", code: "owner_missing", object: `${kind} "${name}"`, message });
    }
  }

  result(): Omit<ExecutionResult, "volumes"> {
    return { written: this.#written, failed: this.#failed };
  }

  async #write(object: PlannedObject, mayPostpone: boolean, signal: AbortSignal): Promise<void> {
    const { entry, prepared } = object;
    // An object that was there before keeps the owners that it has.
    const isOurs = entry.action !== "update" || entry.isHalfDone === true;
    const isUnfinished = isOurs && prepared.owners.some((owner) => this.#mayCome(owner));
    const write = { ...object, isUnfinished };
    const outcome = await this.#attempt(write, mayPostpone, signal, async () => {
      const live = await this.#writer.write(write, signal);
      const uid = textIn(objectIn(live, "metadata"), "uid");
      if (prepared.uid !== undefined && uid !== undefined) this.#uids.set(prepared.uid, uid);
      const changed = storedOtherwise(entry, prepared, live);
      if (changed !== undefined) this.#execution.report(changed);
    });
    if (outcome === "postponed") {
      this.#postponed.push(object);
      return;
    }
    if (outcome === "done") {
      this.#written.add(keyOf(entry.id));
      if (isUnfinished) this.#unfinished.push(write);
    }
    const totalItems = this.#planned.byKey.size;
    this.#execution.progress?.({ stage: "Restoring", doneBytes: 0, doneItems: ++this.#done, totalItems, current: entry.id.name });
  }

  async #attempt(
    { entry, prepared }: PlannedObject,
    mayPostpone: boolean,
    signal: AbortSignal,
    work: () => Promise<void>,
  ): Promise<"done" | "failed" | "postponed"> {
    try {
      await work();
      return "done";
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DomainError) || isForAll(error)) throw error;
      if (mayPostpone && isRetryable(error)) return "postponed";
      this.#failed++;
      this.#execution.report(refused(entry, error, withoutSecrets(error.message, prepared.object)));
      return "failed";
    }
  }

  /** The point does not have them: see make-plan.ts. */
  async #plainNamespaces(entries: readonly PlanEntry[]): Promise<void> {
    const { api, signal } = this.#execution;
    for (const { id, digest } of entries) {
      if (digest !== undefined || id.kind !== "Namespace") continue;
      const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: id.name } };
      await createObject(api, NAMESPACES, object, { fieldManager: RESTORE_MANAGER, signal });
      const nobody = { metadata: { managedFields: [{}] } };
      await patchObject(api, NAMESPACES, { name: id.name }, { type: "merge", changes: nobody }, { fieldManager: RESTORE_MANAGER, signal });
      this.#written.add(keyOf(id));
    }
  }

  async #waitForDefinitions(): Promise<void> {
    const { api, signal, progress } = this.#execution;
    const { resources } = this.#planned;
    const coming = resources.flatMap(({ served, state }) => (state === "to-be-defined" && served !== undefined ? [served] : []));
    const defined = coming.filter((resource) => this.#written.has(keyOf(definitionOf(resource))));
    if (defined.length === 0) return;
    progress?.({
      stage: "Waiting for definitions",
      doneBytes: 0,
      doneItems: 0,
      totalItems: defined.length,
      current: apiVersionOf(defined[0] ?? { group: "", version: "" }),
    });
    await waitUntilServed(api, defined, signal);
  }

  readonly #uidOf: OwnerUid = (owner) => {
    const uid = this.#uids.get(owner.uid);
    if (uid === undefined && !this.#mayCome(owner)) this.#orphaned.set(owner.uid, owner);
    return uid;
  };

  #mayCome({ uid }: CapturedOwner): boolean {
    return !this.#uids.has(uid) && this.#planned.uids.toBeWritten.has(uid);
  }
}

function definitionOf({ plural, group }: ResourceType): Parameters<typeof keyOf>[0] {
  return { group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", namespace: undefined, name: `${plural}.${group}` };
}

/** Others would fail with it, too. */
function isForAll(error: DomainError): boolean {
  const hasAnswer = error.details["status"] !== undefined;
  return (
    error.kind === "unauthenticated" ||
    error.kind === "internal" ||
    error.kind === "cancelled" ||
    (isRetryable(error) && !hasAnswer && !isWebhook(error))
  );
}

function refused({ id, action }: PlanEntry, error: DomainError, message: string): Finding {
  const code = error.code === "kube_exists" || error.code === "restore_changed" ? "changed_meanwhile" : `${action}_refused`;
  return { grade: "partial", code, object: describeId(id), message };
}
