/** Runs a program as a whole process and tells what it cost. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { DomainError } from "../src/base/errors.ts";
import { type CommandLine } from "./tools/tool.ts";

/** Debian's package of GNU time. Only a small parent sees the right peak: a child's count begins with the memory of who started it. */
export const TIME_PACKAGE = "time";
const TIME_PROGRAM = "/usr/bin/time";
const SAID_BYTES = 2_000;

export interface Cost {
  readonly wallSeconds: number;
  /** User and system time, of all its threads and children. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

export interface MeasureOptions {
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** A file to write to. */
  readonly report: string;
  readonly signal: AbortSignal;
}

/**
 * @throws {DomainError} internal/benchmark_failed: it ended with another status than 0; the message ends with its last words.
 */
export async function measure(command: CommandLine, { environment, report, signal }: MeasureOptions): Promise<Cost> {
  signal.throwIfAborted();
  // A process group of its own: whatever it starts ends with it.
  const options = { env: environment, detached: true, stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"] };
  const started = performance.now();
  const child = spawn(TIME_PROGRAM, ["--format=%U %S %M", `--output=${report}`, ...command], options);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-SAID_BYTES)));
  }
  const end = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid);
  };
  signal.addEventListener("abort", end);
  const closed = Promise.withResolvers<number | null>();
  child.on("error", closed.reject).on("close", closed.resolve);
  const status = await closed.promise.finally(() => signal.removeEventListener("abort", end));
  const wallSeconds = (performance.now() - started) / 1_000;
  signal.throwIfAborted();
  if (status !== 0) {
    throw new DomainError(
      "internal",
      "benchmark_failed",
      `Cannot measure "${command.join(" ")}": exit status ${status}\n${said.trimEnd()}`,
    );
  }
  const [user = 0, system = 0, peakKib = 0] = (await readFile(report, "utf8")).trim().split(" ").map(Number);
  return { wallSeconds, cpuSeconds: user + system, peakBytes: peakKib * 1_024 };
}
