/** A stage of node:test files, each in a process of its own. */
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { run } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { mapConcurrent } from "../../src/base/concurrency.ts";
import { NodeTally } from "./node-tally.ts";
import type { Stage, StageContext } from "./stage.ts";
import { addTallies, failed, type Failure, type Tally } from "./tally.ts";

export interface NodeStageOptions {
  readonly patterns: readonly string[];
  /** Files at a time. */
  readonly concurrency: number;
  /** A file that runs longer is ended, and counts as a failure. */
  readonly fileTimeoutMs: number;
}

/** Tests slower than this get a line when they end, so that long stages show where they are. */
const SLOW_TEST_MS = 1000;
/** How much of what a failed file printed is shown: the end of it. */
const OUTPUT_LINES = 100;

export function nodeStage(name: string, options: NodeStageOptions): Stage {
  return {
    name,
    async run(context) {
      const files = (await Array.fromAsync(glob(options.patterns, { cwd: context.root, exclude: ["**/node_modules/**"] }))).toSorted();
      if (files.length === 0) return undefined;
      const { concurrency: limit, fileTimeoutMs } = options;
      return addTallies(await mapConcurrent(files, { limit }, (file) => runFile(file, fileTimeoutMs, context)));
    },
  };
}

async function runFile(file: string, timeoutMs: number, { root, signal, print }: StageContext): Promise<Tally> {
  const counter = new NodeTally(file);
  const timeout = AbortSignal.timeout(timeoutMs);
  const output: string[] = [];
  let ended = false;
  const show = (failure: Failure | undefined): void => {
    if (failure !== undefined) print(`FAIL ${failure.name}\n${failure.text}`);
  };
  const events: AsyncIterable<TestEvent> = run({ cwd: root, files: [join(root, file)], signal: AbortSignal.any([signal, timeout]) });
  for await (const { type, data } of events) {
    if (type === "test:stdout" || type === "test:stderr") output.push(data.message);
    // The process of a file sends this last; the one of the whole run has no file.
    if (type === "test:summary" && data.file !== undefined) ended = true;
    if (type === "test:start") counter.start(data);
    if (type === "test:pass") {
      show(counter.pass(data));
      const { type: kind, duration_ms: ms } = data.details;
      if (ms > SLOW_TEST_MS && kind !== "suite") print(`${(ms / 1000).toFixed(1)} s ${file} ${data.name}`);
    }
    // What an abort cuts short is told once, below.
    if (type === "test:fail" && !timeout.aborted && !signal.aborted) show(counter.fail(data));
  }
  const { tally } = counter;
  const reason = signal.aborted ? "Interrupted" : `Did not end within ${timeoutMs / 1000} s`;
  const cut = !ended && (signal.aborted || timeout.aborted) ? failed(file, reason) : undefined;
  show(cut?.failures[0]);
  const whole = cut === undefined ? tally : addTallies([tally, cut]);
  if (whole.failures.length > 0 && output.length > 0) print(`Output of ${file}:\n${lastLines(output.join(""))}`);
  return whole;
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-OUTPUT_LINES).join("\n");
}
