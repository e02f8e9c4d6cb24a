/**
 * Databases of a copy run alone until what is private in them is unrecognisable. Whatever else could read it or pass it on is made only then,
 * so a mask that fails, or a command that is killed, leaves a copy that shows nobody anything.
 */
import { DomainError } from "../../base/errors.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { describeDatabase } from "../../blueprint/database.ts";
import { findDatabases } from "../../blueprint/find-databases.ts";
import { runMask } from "../../blueprint/operations.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import type { PlanEntry } from "../plan/plan.ts";
import { isMasked, type PlannedMask } from "./plan-masks.ts";

export interface MaskOutcome {
  readonly namespace: string;
  readonly workload: string;
  readonly blueprint: string;
  readonly pod: string;
  /** Of the mask itself. */
  readonly maskMs: number;
}

export interface MaskGateOptions {
  readonly api: KubeApi;
  /** How long a database may take until it can be masked, once its volumes are filled. */
  readonly readyMs: number;
  readonly progress?: ProgressSink | undefined;
}

const INTERVAL_MS = 1_000;
/** A server that was started just now turns clients away. */
const PATIENCE_MS = 15_000;

export class MaskGate {
  readonly #masks: readonly PlannedMask[];
  readonly #options: MaskGateOptions;
  readonly #outcomes: MaskOutcome[] = [];

  constructor(masks: readonly PlannedMask[], options: MaskGateOptions) {
    this.#masks = masks;
    this.#options = options;
  }

  get outcomes(): readonly MaskOutcome[] {
    return this.#outcomes;
  }

  /** Whether it is made before the gate is open. */
  isFirst(entry: PlanEntry): boolean {
    return isMasked(entry, this.#masks);
  }

  /**
   * Returns when all are masked.
   *
   * @param isFilling Whether a volume is being filled: that takes its time
   * @throws {DomainError} unavailable/mask_failed: nothing else may be made
   */
  async open(isFilling: () => boolean, signal: AbortSignal): Promise<void> {
    for (const mask of this.#masks) {
      const { progress } = this.#options;
      const doneItems = this.#outcomes.length;
      progress?.({ stage: "Masking", doneBytes: 0, doneItems, totalItems: this.#masks.length, current: mask.workload });
      this.#outcomes.push(await this.#mask(mask, isFilling, signal));
    }
  }

  async #mask(mask: PlannedMask, isFilling: () => boolean, signal: AbortSignal): Promise<MaskOutcome> {
    const { clock } = this.#options.api;
    let [untilMs, failedMs] = [clock.monotonicMs() + this.#options.readyMs, Infinity];
    for (;;) {
      const outcome = await this.#attempt(mask, signal);
      if (!(outcome instanceof DomainError)) return outcome;
      const nowMs = clock.monotonicMs();
      if (outcome.code === "blueprint_command") failedMs = Math.min(failedMs, nowMs);
      else failedMs = Infinity;
      if (isFilling()) untilMs = nowMs + this.#options.readyMs;
      if (nowMs >= untilMs || nowMs - failedMs >= PATIENCE_MS) throw notMasked(outcome);
      await clock.sleep(INTERVAL_MS, signal);
    }
  }

  async #attempt(mask: PlannedMask, signal: AbortSignal): Promise<DomainError | MaskOutcome> {
    const { api } = this.#options;
    const { namespace, workload, blueprint } = mask;
    // What annotations say wrong was told when it was backed up.
    const found = await findDatabases(api, namespace, { blueprints: [blueprint], report: () => undefined, signal });
    const database = found.find((one) => one.workload === workload);
    if (database === undefined) {
      return new DomainError("unavailable", "database_not_ready", `Cannot mask ${describeDatabase(mask)}: none of its pods is there`);
    }
    const startMs = api.clock.monotonicMs();
    try {
      const { pod } = await runMask(api, database, { clock: api.clock, signal });
      return { namespace, workload, blueprint: blueprint.name, pod, maskMs: Math.round(api.clock.monotonicMs() - startMs) };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DomainError && error.kind === "unavailable") return error;
      throw error;
    }
  }
}

function notMasked(cause: DomainError): DomainError {
  return new DomainError(cause.kind, "mask_failed", cause.message, {
    cause,
    details: cause.details,
    hint: "Nothing but the databases was started; mend the blueprint and clone again, or delete the namespace",
  });
}
