/**
 * Exchanges volumes under a live application. All that can be done while the old volumes serve is done before anything stops; each step is
 * recorded before it is done; and when one fails, all are taken back, and the old volumes serve again.
 */
import { type Clock, isoTime } from "../../base/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import { asDomainError, DomainError, isRetryable } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import { retry } from "../../base/retry.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { getObject } from "../../kube/objects.ts";
import type { RunRecord } from "../../run/records.ts";
import { CLAIMS } from "../volumes/storage-objects.ts";
import { retentionChange, untilRetained } from "./claim-retention.ts";
import { claimToCome, nameOfClaim } from "./exchange.ts";
import { letGo, policyOf, type SetAside } from "./kept-volumes.ts";
import { untilServing } from "./serving.ts";
import { putBackValue, setFieldStep } from "./set-field.ts";
import { standStill } from "./standstill.ts";
import { StepMachine } from "./step-machine.ts";
import {
  type ClaimName,
  type ClaimReference,
  type ExchangeClaim,
  type KeepVolume,
  READY_MARK,
  type ReserveVolume,
  ROLLING_BACK_MARK,
  SERVING_MARK,
  type SetField,
  stepJson,
  type SwapStep,
} from "./steps.ts";
import type { SwapClaim, SwapPlan } from "./swap-plan.ts";
import { swapSteps } from "./swap-steps.ts";

export interface SwapContext {
  readonly api: KubeApi;
  readonly record: RunRecord;
  /** How long pods may take to end, and to be ready again. */
  readonly waitMs: number;
  readonly report: FindingSink;
  readonly progress?: ProgressSink | undefined;
  readonly signal: AbortSignal;
}

/** What a claim is to have. */
export interface ComingVolume {
  readonly name: string;
  /** What it belongs to now. */
  readonly before: ClaimReference;
  /** Its reclaim policy once it serves. */
  readonly policy: string;
  /** If it was set aside before, by whom. */
  readonly setAside: SetAside | undefined;
}

export interface SwapResult {
  /** From the first pod that was told to end until all were ready again; 0 if nothing ran. */
  readonly downtimeMs: number;
  readonly claims: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly volume: string;
    /** Kept until it is released. */
    readonly setAside: string;
  }[];
  readonly paused: readonly string[];
}

/**
 * @throws {DomainError} what went wrong, after all was taken back; its details say `rolledBack`
 */
export async function swap(context: SwapContext, plan: SwapPlan, comingOf: (claim: SwapClaim) => ComingVolume): Promise<SwapResult> {
  const work = new SwapWork(context);
  try {
    return await work.forward(plan, comingOf);
  } catch (error) {
    throw await takenBack(work, context, error);
  }
}

/** Goes back, unless somebody else has taken over, or all works on the new volumes already. */
async function takenBack(work: SwapWork, context: SwapContext, error: unknown): Promise<DomainError> {
  const { record } = context;
  const failure = asDomainError(error);
  const { id } = record.header;
  if (failure.code === "run_taken_over") return failure;
  if (work.isReady) {
    const message = `${failure.message}; all works on the restored volumes, but not everything is as it was before`;
    return new DomainError(failure.kind, "swap_not_settled", message, {
      cause: error,
      hint: `Run "holdfast gc" to bring run ${id} to its end`,
    });
  }
  try {
    await goBack(work, context, failure);
  } catch (cause) {
    const why = asDomainError(cause);
    if (why.code === "run_taken_over") return why;
    const message = `${failure.message}; and going back failed: ${why.message}`;
    throw new DomainError(failure.kind, "swap_not_rolled_back", message, {
      cause,
      hint: `No volume is lost. Run "holdfast run undo ${id}" to go back once that is mended`,
    });
  }
  const hint = failure.hint === undefined ? {} : { hint: failure.hint };
  const details = { ...failure.details, rolledBack: true, run: id };
  return new DomainError(failure.kind, failure.code, `${failure.message}; the old volumes serve again`, { details, ...hint, cause: error });
}

async function goBack(work: SwapWork, { api, record, report }: SwapContext, failure: DomainError): Promise<void> {
  // What aborted the way there does not abort the way back.
  const { signal } = new AbortController();
  const { id } = record.header;
  // A location that has stopped answering must not keep the application down: this run has its Lease.
  const noted = async (note: () => Promise<void>): Promise<void> => {
    try {
      await note();
    } catch (error) {
      if (!isRetryable(error)) throw error;
      const message = `Its end is not recorded: ${asDomainError(error).message}; "holdfast gc" does so`;
      report({ grade: "info", code: "run_not_recorded", object: `run ${id}`, message });
    }
  };
  await noted(() => inTime(api.clock, signal, (soon) => record.mark(ROLLING_BACK_MARK, { signal: soon })));
  const back = new SwapWork({ api, record, waitMs: BACK_MS, report, signal }, work.steps, work.mayHaveServed);
  const missing = await retry(() => back.back(), { ...BACK_RETRIES, clock: api.clock, random: api.random, signal });
  const facts = { error: { code: failure.code, message: failure.message }, missing };
  await noted(() => inTime(api.clock, signal, (soon) => record.end("rolled-back", facts, { signal: soon })));
}

/** While nothing serves, no storage is waited for longer. */
async function inTime(clock: Clock, signal: AbortSignal, note: (soon: AbortSignal) => Promise<void>): Promise<void> {
  using deadline = new Deadline(clock, NOTE_MS);
  try {
    await note(AbortSignal.any([signal, deadline.signal]));
  } catch (cause) {
    if (!deadline.signal.aborted) throw cause;
    throw new DomainError("unavailable", "run_not_recorded", "Cannot record what is done: the location does not answer", { cause });
  }
}

const NOTE_MS = 15_000;

const BACK_RETRIES = { maxAttempts: 20, maxElapsedMs: 600_000, firstDelayMs: 1_000, maxDelayMs: 30_000 };
const BACK_MS = 300_000;
const AT_MOST_STOPPING_MS = 600_000;

export class SwapWork {
  readonly #context: SwapContext;
  readonly #machine: StepMachine<SwapStep>;
  #mayHaveServed: boolean;
  isReady = false;

  constructor(context: SwapContext, steps: readonly SwapStep[] = [], mayHaveServed = false) {
    const { api, record, report, signal } = context;
    this.#context = context;
    this.#mayHaveServed = mayHaveServed;
    const handlers = swapSteps({
      api,
      setAside: { by: record.header.id, at: isoTime(api.clock.now()) },
      mayHaveServed: () => this.#mayHaveServed,
      stops: () => this.stops,
      report,
      signal,
    });
    this.#machine = new StepMachine({ note: (step) => record.step(stepJson(step), { signal }) }, handlers, steps);
  }

  get steps(): readonly SwapStep[] {
    return this.#machine.noted;
  }

  get claims(): readonly ClaimName[] {
    return this.steps.flatMap((step) => (step.kind === "exchange" ? [nameOfClaim(step.claim)] : []));
  }

  get mayHaveServed(): boolean {
    return this.#mayHaveServed;
  }

  async forward(plan: SwapPlan, comingOf: (claim: SwapClaim) => ComingVolume): Promise<SwapResult> {
    const { api, record, waitMs, report, signal } = this.#context;
    const names = plan.claims.map(({ name }) => name);
    this.#say("Preparing");
    for (const claim of plan.claims) await this.#machine.apply(this.#keepNew(claim, comingOf(claim)));
    for (const claim of plan.claims) {
      const { name: volume, before } = comingOf(claim);
      await this.#machine.apply([{ kind: "reserve", volume, claim: claim.name, before } satisfies ReserveVolume]);
    }
    await this.#machine.apply(plan.claims.map(keepOld));
    const pauses = plan.scalers.flatMap(({ pause }) => (pause === undefined ? [] : [setFieldStep(pause)]));
    await this.#machine.apply(pauses);
    const retained = plan.workloads.flatMap((workload) => retentionChange(workload) ?? []).map(setFieldStep);
    await this.#machine.apply(retained);
    for (const step of retained) await untilRetained(api, step, names, signal);
    const exchanges = await Promise.all(plan.claims.map(async (claim) => this.#exchangeOf(claim, comingOf(claim))));
    const stops = plan.workloads.flatMap(({ stop }) => (stop === undefined ? [] : [setFieldStep(stop)]));
    await this.#machine.note(stops);
    await this.#machine.note(exchanges);

    const startMs = api.clock.monotonicMs();
    this.#say("Stopping pods");
    const volumes = exchanges.map(({ from }) => from);
    const timeoutMs = Math.min(AT_MOST_STOPPING_MS, waitMs);
    await standStill(api, { stops, claims: names, volumes }, { onScaledBack: "refuse", timeoutMs, report, signal });
    const stoppedMs = api.clock.monotonicMs();
    this.#say("Exchanging volumes");
    await this.#machine.perform(exchanges);
    await inTime(api.clock, signal, (soon) => record.mark(SERVING_MARK, { signal: soon }));
    this.#mayHaveServed = true;
    const exchangedMs = api.clock.monotonicMs();
    this.#say("Starting pods");
    await this.start();
    const missing = await untilServing(api, this, waitMs, signal);
    if (missing.length > 0) throw notServing(missing, waitMs);
    const endMs = api.clock.monotonicMs();
    await record.mark(READY_MARK, { signal });
    this.isReady = true;
    await this.settle();
    const round = Math.round;
    const result = {
      downtimeMs: stops.length === 0 ? 0 : round(endMs - startMs),
      claims: exchanges.map(({ claim, from, to }) => {
        const { namespace, name } = nameOfClaim(claim);
        return { namespace, name, volume: to, setAside: from };
      }),
      paused: pauses.map(({ resource, name }) => `${resource.kind} "${name}"`),
    };
    const times = { stopMs: round(stoppedMs - startMs), exchangeMs: round(exchangedMs - stoppedMs), startMs: round(endMs - exchangedMs) };
    await record.end("succeeded", { ...result, ...times }, { signal });
    return result;
  }

  /** At once, since nothing serves until then; who owned the fields is put back when all is settled. */
  async start(): Promise<void> {
    const { api, signal } = this.#context;
    await Promise.all(this.stops.map((step) => putBackValue(api, step, signal)));
  }

  /** All works on the new volumes: what was changed for the time is put back, and those are volumes like others. */
  async settle(): Promise<void> {
    const { api, signal } = this.#context;
    await this.#putBack((step) => step.purpose === "stop");
    await this.#putBack((step) => step.purpose === "retain");
    await this.#putBack((step) => step.purpose === "pause");
    for (const step of this.steps) {
      if (step.kind === "keep" && step.role !== "old") await letGo(api, step.volume, step.policy, signal);
    }
  }

  /** The old volumes serve again. @returns what is not ready all the same */
  async back(): Promise<readonly string[]> {
    const { api, report, signal, waitMs } = this.#context;
    const exchanges = this.steps.filter((step) => step.kind === "exchange");
    const stops = this.stops;
    if (exchanges.length > 0 && (await this.#isTouched(exchanges))) {
      const [claims, volumes] = [this.claims, exchanges.flatMap(({ from, to }) => [from, to])];
      this.#say("Stopping pods");
      await standStill(api, { stops, claims, volumes }, { onScaledBack: "hold", timeoutMs: AT_MOST_STOPPING_MS, report, signal });
    }
    this.#say("Going back");
    let missing: readonly string[] = [];
    await this.#machine.rollBack((step) => (step.kind === "set" ? step.purpose : step.kind));
    if (stops.length > 0) missing = await untilServing(api, this, waitMs, signal);
    return missing;
  }

  /** Whether some claim is not on its old volume any more, or about to be. */
  async #isTouched(exchanges: readonly ExchangeClaim[]): Promise<boolean> {
    const { api, signal } = this.#context;
    for (const { claim, from } of exchanges) {
      const live = await getObject(api, CLAIMS, nameOfClaim(claim), { signal }).catch(() => undefined);
      const isGoing = textIn(objectIn(live, "metadata"), "deletionTimestamp") !== undefined;
      if (live === undefined || isGoing || textIn(objectIn(live, "spec"), "volumeName") !== from) return true;
    }
    return false;
  }

  #keepNew({ name }: SwapClaim, { name: volume, policy, setAside }: ComingVolume): readonly KeepVolume[] {
    const role = setAside === undefined ? "new" : "returning";
    return [{ kind: "keep", volume, claim: name, role, policy, ...(setAside === undefined ? {} : { setAside }) }];
  }

  async #exchangeOf({ name, volume }: SwapClaim, { name: to, before }: ComingVolume): Promise<ExchangeClaim> {
    const { api, signal } = this.#context;
    const live = await getObject(api, CLAIMS, name, { signal });
    return { kind: "exchange", claim: claimToCome(live), from: textIn(objectIn(volume, "metadata"), "name") ?? "", to, before };
  }

  /** What holds the pods down. */
  get stops(): readonly SetField[] {
    return this.steps.filter((step) => step.kind === "set").filter((step) => step.purpose === "stop");
  }

  async #putBack(isMeant: (step: SetField) => boolean): Promise<void> {
    await this.#machine.undo(this.steps.filter((step) => step.kind === "set").filter(isMeant));
  }

  #say(stage: string): void {
    this.#context.progress?.({ stage, doneBytes: 0, doneItems: 0 });
  }
}

function keepOld({ name, volume }: SwapClaim): KeepVolume {
  return { kind: "keep", volume: textIn(objectIn(volume, "metadata"), "name") ?? "", claim: name, role: "old", policy: policyOf(volume) };
}

function notServing(missing: readonly string[], waitMs: number): DomainError {
  const state = `${missing.join(", ")} after ${Math.round(waitMs / 1000)} s`;
  return new DomainError("unavailable", "swap_not_ready", `Cannot start the application on its restored volumes: ${state}`, {
    hint: "Look at what its pods say; wait longer with --wait, or restore another point",
  });
}
