/**
 * Ends a swap that was killed: forward if the application works on the new volumes already, else back, so that the old ones serve. Only
 * the record says what was done, and what was there before.
 */
import type { RecordedRun } from "../../run/records.ts";
import { untilServing } from "./serving.ts";
import { READY_MARK, ROLLING_BACK_MARK, SERVING_MARK, stepOf, type SwapStep } from "./steps.ts";
import { type SwapContext, SwapWork } from "./swap.ts";

export interface Resumed {
  readonly outcome: "rolled-back" | "succeeded";
  /** What is not ready. */
  readonly missing: readonly string[];
}

/** How long an application that was started already may take. */
const STARTING_MS = 30_000;
const GOING_ON_MARK = "going-on";

export function stepsOf({ entries }: Pick<RecordedRun, "entries">): readonly SwapStep[] {
  return entries.flatMap((entry) => (entry.type === "step" ? [stepOf(entry.step)] : []));
}

function hasMark({ entries }: Pick<RecordedRun, "entries">, mark: string): boolean {
  return entries.some((entry) => entry.type === "mark" && entry.mark === mark);
}

/** @param context Its record goes on with the one of the run, and nobody else's can then */
export async function resume(context: SwapContext, run: RecordedRun): Promise<Resumed> {
  const { record, signal } = context;
  const steps = stepsOf(run);
  const work = new SwapWork(context, steps, hasMark(run, SERVING_MARK));
  await record.mark(GOING_ON_MARK, { signal });
  if (!hasMark(run, ROLLING_BACK_MARK) && (hasMark(run, READY_MARK) || (await isServing(context, work)))) {
    await work.settle();
    await record.end("succeeded", { resumed: true }, { signal });
    return { outcome: "succeeded", missing: [] };
  }
  await record.mark(ROLLING_BACK_MARK, { signal });
  const missing = await work.back();
  await record.end("rolled-back", { resumed: true, missing }, { signal });
  return { outcome: "rolled-back", missing };
}

/** Pods were started on the new volumes, and are ready or become so. */
async function isServing({ api, signal }: SwapContext, work: SwapWork): Promise<boolean> {
  if (!work.mayHaveServed) return false;
  await work.start();
  return (await untilServing(api, work, STARTING_MS, signal)).length === 0;
}
