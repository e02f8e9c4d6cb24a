/** One Job with its one pod, from the moment that it is made until it has answered or is lost. */
import { Deadline } from "../../base/deadline.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { Finding } from "../../base/finding.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { createObject, deleteObject } from "../../kube/objects.ts";
import { watch } from "../../kube/watch.ts";
import { FIELD_MANAGER } from "../../run/marks.ts";
import { parseLine } from "../lines.ts";
import type { MoversOptions, MoverTask } from "../movers.ts";
import { jobObject, secretObject } from "./manifests.ts";
import { isFinal, notStarted, troubleInEvents } from "./not-started.ts";
import { podLog } from "./pod-log.ts";
import { type EndedPod, type PodState, podState } from "./pod-state.ts";

export type MoverEnd = EndedPod & {
  /** That it told of. Those that are worth no more than to be known were reported at once. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
  /** It had begun to fill its volume. */
  readonly hasBegun: boolean;
  readonly pod: string | undefined;
};

const JOBS = { group: "batch", version: "v1", plural: "jobs" } as const;
const SECRETS = { group: "", version: "v1", plural: "secrets" } as const;
const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" } as const;
const START_TIMEOUT_MS = 5 * 60_000;
const LOOK_EVERY_MS = 3_000;
/** What is wrong at first may be so for a moment only, as long as the caches of the cluster are behind. */
const FINAL_AFTER_MS = 8_000;
const LOG_LIMIT_MS = 15_000;
const CLEAN_LIMIT_MS = 15_000;
/** As restores call it. */
const FILLING = "Restoring";

export class MoverPod {
  readonly #options: MoversOptions;
  readonly #task: MoverTask;
  readonly #name: string;
  readonly #lostPods: readonly string[];
  readonly #findings: Finding[] = [];
  readonly #uids = new Set<string>();
  #findingCount = 0;
  #hasBegun = false;
  #job = "";
  #pod: string | undefined;
  #state: PodState = { kind: "waiting", reason: undefined };

  /**
   * @param name of Job and Secret
   * @param lostPods of the same task
   */
  constructor(options: MoversOptions, task: MoverTask, name: string, lostPods: readonly string[]) {
    this.#options = options;
    this.#task = task;
    this.#name = name;
    this.#lostPods = lostPods;
  }

  /**
   * Nothing of it is left when this returns, but for what Kubernetes still has to do.
   *
   * @throws {DomainError} unavailable/mover_not_started
   */
  async run(signal: AbortSignal): Promise<MoverEnd> {
    try {
      await this.#make(signal);
      const end = await this.#follow(signal);
      return { ...end, findings: this.#findings, findingCount: this.#findingCount, hasBegun: this.#hasBegun, pod: this.#pod };
    } finally {
      await this.#clean();
    }
  }

  async #make(signal: AbortSignal): Promise<void> {
    const { run, image, location } = this.#options;
    const { api, namespace } = run;
    const objects = { metadata: run.metadata(this.#name, { namespace }), image, location, task: this.#task, lostPods: this.#lostPods };
    const options = { namespace, fieldManager: FIELD_MANAGER, signal };
    await createObject(api, SECRETS, secretObject(objects), options);
    const job = await createObject(api, JOBS, jobObject(objects), options);
    this.#job = textIn(objectIn(job, "metadata"), "uid") ?? "";
    this.#noteUid(job);
  }

  async #follow(outer: AbortSignal): Promise<EndedPod> {
    const ended = new AbortController();
    const stuck = new AbortController();
    const signal = AbortSignal.any([outer, stuck.signal]);
    const starting = this.#watchStart(stuck, AbortSignal.any([outer, ended.signal]));
    let log: Promise<void> | undefined;
    try {
      for await (const pod of this.#pods(signal)) {
        this.#state = pod;
        // One that ended at once has told something, too.
        if (pod.kind !== "waiting" && this.#pod !== undefined)
          log ??= this.#readLog(this.#pod, AbortSignal.any([outer, ended.signal])).catch(() => undefined);
        if (pod.kind === "answered" || pod.kind === "lost") {
          if (log !== undefined && !this.#hasToldAll(pod)) await this.#drain(log);
          return pod;
        }
      }
      throw new DomainError("cancelled", "cancelled", "Cancelled");
    } finally {
      ended.abort();
      await starting;
    }
  }

  /** The states of its pod. */
  async *#pods(signal: AbortSignal): AsyncGenerator<PodState, void, undefined> {
    const { api, namespace } = this.#options.run;
    // Another Job may have had the name.
    const labelSelector = `batch.kubernetes.io/controller-uid=${this.#job}`;
    let isThere = false;
    for await (const event of watch(api, PODS, { namespace, labelSelector, signal })) {
      if (event.type === "resync") isThere = false;
      else if (event.type === "bookmark") {
        if (!isThere && this.#pod !== undefined) yield { kind: "lost", why: "its pod is gone" };
      } else {
        const state = podState(event.object);
        this.#noteUid(event.object);
        this.#pod = textIn(objectIn(event.object, "metadata"), "name");
        isThere = event.type !== "deleted";
        yield isThere || state.kind === "answered" ? state : { kind: "lost", why: "its pod was deleted" };
      }
    }
  }

  /** Aborts `stuck` when it is certain, or has taken long enough, that the pod does not start. Never rejects. */
  async #watchStart(stuck: AbortController, signal: AbortSignal): Promise<void> {
    const { api, namespace } = this.#options.run;
    const { clock } = api;
    const { startTimeoutMs = START_TIMEOUT_MS, volume } = this.#task;
    const startMs = clock.monotonicMs();
    try {
      while (true) {
        await clock.sleep(LOOK_EVERY_MS, signal);
        const state = this.#state;
        if (state.kind !== "waiting") return;
        const waitedMs = clock.monotonicMs() - startMs;
        const trouble = state.reason ?? (await troubleInEvents(api, namespace, this.#uids, signal));
        if (waitedMs < startTimeoutMs && !(isFinal(trouble) && waitedMs >= FINAL_AFTER_MS)) continue;
        stuck.abort(notStarted(volume, trouble));
        return;
      }
    } catch (error) {
      if (!signal.aborted) stuck.abort(error);
    }
  }

  /** Never rejects: how it ends is told by the pod. */
  async #readLog(pod: string, signal: AbortSignal): Promise<void> {
    const { api, namespace } = this.#options.run;
    const isRunning = (): boolean => this.#state.kind === "running";
    try {
      for await (const text of podLog(api, { namespace, pod, isRunning, signal })) this.#take(text);
    } catch (error) {
      if (signal.aborted) return;
      const message = `Cannot tell how the mover of "${this.#task.volume}" goes: ${asDomainError(error).message}`;
      this.#options.report({ grade: "info", code: "mover_log_unread", object: this.#task.volume, message });
    }
  }

  #take(text: string): void {
    const line = parseLine(text);
    if (line === undefined) return;
    if ("progress" in line) {
      if (line.progress.stage === FILLING) this.#hasBegun = true;
      this.#task.progress?.(line.progress);
      return;
    }
    this.#findingCount++;
    const finding = { ...line.finding, object: `${this.#task.volume}: ${line.finding.object}` };
    if (finding.grade === "info") this.#options.report(finding);
    else this.#findings.push(finding);
  }

  /** Then nobody has to wait for the end of its log. */
  #hasToldAll(pod: EndedPod): boolean {
    return pod.kind === "answered" && !(pod.answer instanceof DomainError) && pod.answer.findings <= this.#findingCount;
  }

  /** A log that does not come any more keeps nobody from the answer. */
  async #drain(log: Promise<void>): Promise<void> {
    using deadline = new Deadline(this.#options.run.api.clock, LOG_LIMIT_MS);
    const late = Promise.withResolvers<void>();
    deadline.signal.addEventListener("abort", () => late.resolve(), { once: true });
    await Promise.race([log, late.promise]);
  }

  #noteUid(object: JsonObject): void {
    const uid = textIn(objectIn(object, "metadata"), "uid");
    if (uid !== undefined) this.#uids.add(uid);
  }

  /** What cannot be removed now goes with the Lease of the run. */
  async #clean(): Promise<void> {
    const { api, namespace } = this.#options.run;
    using deadline = new Deadline(api.clock, CLEAN_LIMIT_MS);
    for (const resource of [JOBS, SECRETS]) {
      const options = { propagation: "Background", signal: deadline.signal } as const;
      await deleteObject(api, resource, { namespace, name: this.#name }, options).catch(() => undefined);
    }
  }
}
