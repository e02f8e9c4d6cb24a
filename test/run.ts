/**
 * Runs the checks and tests of this checkout, the current folder: `node test/run.ts check | all | stage NAME…`.
 *
 * Every stage runs, whatever failed before it. Exit code 0 only if something ran and nothing failed.
 */
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { cacheRoot } from "../dev/host/cache.ts";
import { systemClock } from "../src/base/clock.ts";
import { exitCodeOf } from "../src/base/errors.ts";
import { errorText } from "../src/base/error-text.ts";
import { runAsProcess } from "../src/cli/run-as-process.ts";
import type { Stage, StageContext } from "./runner/stage.ts";
import { chooseStages } from "./runner/stages.ts";
import { type StageResult, summary } from "./runner/summary.ts";
import { addTallies, failed, type Tally } from "./runner/tally.ts";

const MAX_SEED = 2 ** 31;

// Each test file is a process: none of them is to compile what another has compiled.
process.env["NODE_COMPILE_CACHE"] ??= join(cacheRoot(), "compiled-tests");

await runAsProcess(async (signal) => {
  try {
    return await runStages(chooseStages(process.argv.slice(2)), { root: process.cwd(), signal, print });
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    return exitCodeOf(error);
  }
});

async function runStages(stages: readonly Stage[], context: StageContext): Promise<number> {
  const seed = (process.env["HOLDFAST_TEST_SEED"] ??= String(randomInt(MAX_SEED)));
  print(`Seed of property tests: HOLDFAST_TEST_SEED=${seed}`);
  process.env["HOLDFAST_TEST_RUN"] = String(process.pid); // what tests share belongs to this process
  const results: StageResult[] = [];
  for (const stage of stages) {
    if (context.signal.aborted) break;
    const startMs = systemClock.monotonicMs();
    const tally = await runStage(stage, context);
    const seconds = (systemClock.monotonicMs() - startMs) / 1000;
    if (tally !== undefined) results.push({ name: stage.name, seconds, tally });
  }
  // Loaded late: broken code below dev/ is for the stages to tell.
  const { stopSharedCluster } = await import("./support/shared-cluster.ts");
  await stopSharedCluster();
  print(summary(results));
  if (context.signal.aborted) return exitCodeOf(context.signal.reason);
  const { passed, failures, skips } = addTallies(results.map(({ tally }) => tally));
  return failures.length > 0 || passed + skips.length === 0 ? 1 : 0;
}

/** A stage that cannot even run has failed; the others still run. */
async function runStage(stage: Stage, context: StageContext): Promise<Tally | undefined> {
  print(`\n== ${stage.name}`);
  try {
    return await stage.run(context);
  } catch (error) {
    const tally = failed(stage.name, errorText(error));
    print(`FAIL ${stage.name}\n${errorText(error)}`);
    return tally;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
