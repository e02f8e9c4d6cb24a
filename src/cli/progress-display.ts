/**
 * Shows how far a command is, on standard error: a live line on a terminal, plain lines now and then, or lines of JSON. Messages go
 * through it as well, so that they do not end up inside of the live line.
 */
import { formatBytes } from "../base/byte-size.ts";
import type { Clock } from "../base/clock.ts";
import type { Progress, ProgressSink } from "../base/progress.ts";
import type { Traffic } from "../storage/counting.ts";
import type { TerminalOutput } from "./context.ts";
import { formatDuration } from "./duration.ts";
import type { ProgressMode } from "./progress-modes.ts";
import { cutEnd, cutStart, terminalWidth } from "./terminal-width.ts";

type Form = "live" | "plain" | "json" | "none";

/** Between two lines of one stage. */
const INTERVAL_MS: Readonly<Record<Form, number>> = { live: 200, plain: 30_000, json: 1000, none: Infinity };
const MAX_COLUMNS = 80;
const CLEAR_LINE = "\r\x1b[K";
/** Long enough to smooth what comes in bursts, short enough to follow a change. */
const RATE_WINDOW_MS = 10_000;
const SHORTEST_RATE_MS = 1000;

export interface ProgressDisplayOptions {
  readonly mode: ProgressMode;
  readonly stderr: TerminalOutput;
  readonly clock: Clock;
}

export class ProgressDisplay implements Disposable {
  readonly #stderr: TerminalOutput;
  readonly #clock: Clock;
  readonly #form: Form;
  readonly #rate = new Rate();
  #shown: Progress | undefined;
  #shownMs = -Infinity;
  #latest: Progress | undefined;
  readonly #storages: { readonly url: string; readonly traffic: Traffic }[] = [];

  constructor({ mode, stderr, clock }: ProgressDisplayOptions) {
    this.#stderr = stderr;
    this.#clock = clock;
    this.#form = formOf(mode, stderr.isTTY === true);
  }

  /** Bound, so that it can be passed on. */
  readonly sink: ProgressSink = (progress) => {
    if (this.#form === "none") return;
    const nowMs = this.#clock.monotonicMs();
    if (progress.stage !== this.#latest?.stage) this.#startStage(progress, nowMs);
    this.#latest = progress;
    if (nowMs - this.#shownMs >= INTERVAL_MS[this.#form]) this.#show(progress, nowMs);
  };

  /** One line or more, without a newline at the end. */
  message(text: string): void {
    const isLive = this.#form === "live" && this.#shown !== undefined;
    this.#stderr.write(`${isLive ? CLEAR_LINE : ""}${text}\n`);
    if (isLive && this.#latest !== undefined) this.#show(this.#latest, this.#clock.monotonicMs());
  }

  /** Programs are told at the end what was asked of the storage. */
  watch(url: string, traffic: Traffic): void {
    this.#storages.push({ url, traffic });
  }

  [Symbol.dispose](): void {
    this.#finishStage();
    if (this.#form === "json") {
      for (const { url, traffic } of this.#storages) this.#stderr.write(`${JSON.stringify({ traffic: { url, ...traffic } })}\n`);
    }
    if (this.#form === "live" && this.#shown !== undefined) this.#stderr.write(CLEAR_LINE);
    this.#shown = undefined;
    this.#latest = undefined;
  }

  #startStage({ doneBytes }: Progress, nowMs: number): void {
    this.#finishStage();
    this.#rate.restart(doneBytes, nowMs);
    // A plain line is for those who wait long.
    this.#shownMs = this.#form === "plain" ? nowMs : -Infinity;
  }

  /** Programs get the last counts of each stage. */
  #finishStage(): void {
    if (this.#form === "json" && this.#latest !== undefined && this.#latest !== this.#shown) {
      this.#show(this.#latest, this.#clock.monotonicMs());
    }
  }

  #show(progress: Progress, nowMs: number): void {
    this.#shown = progress;
    this.#shownMs = nowMs;
    this.#rate.add(progress.doneBytes, nowMs);
    const bytesPerSecond = this.#rate.bytesPerSecond();
    if (this.#form === "json") {
      this.#stderr.write(`${JSON.stringify({ progress: { ...progress, bytesPerSecond } })}\n`);
    } else if (this.#form === "plain") {
      this.#stderr.write(`${describe(progress, bytesPerSecond)}\n`);
    } else {
      // In the last column a terminal may wrap.
      const columns = Math.min(MAX_COLUMNS, (this.#stderr.columns ?? MAX_COLUMNS) - 1);
      this.#stderr.write(`${CLEAR_LINE}${fit(describe(progress, bytesPerSecond), progress.current ?? "", columns)}`);
    }
  }
}

function formOf(mode: ProgressMode, isTerminal: boolean): Form {
  if (mode === "json" || mode === "none") return mode;
  if (isTerminal) return "live";
  return mode === "text" ? "plain" : "none";
}

/** "Reading files  42 %  1.2 GiB of 2.8 GiB  1,234 of 5,678  310 MiB/s  5 s left" */
function describe({ stage, doneBytes, totalBytes, doneItems, totalItems }: Progress, bytesPerSecond: number | undefined): string {
  const share = totalBytes === undefined ? shareOf(doneItems, totalItems) : shareOf(doneBytes, totalBytes);
  const leftMs = totalBytes === undefined || bytesPerSecond === undefined ? undefined : ((totalBytes - doneBytes) / bytesPerSecond) * 1000;
  const parts = [
    stage,
    share === undefined ? "" : `${Math.floor(share * 100)} %`,
    doneBytes === 0 && totalBytes === undefined ? "" : ofTotal(formatBytes(doneBytes), totalBytes, formatBytes),
    doneItems === 0 && totalItems === undefined ? "" : ofTotal(formatCount(doneItems), totalItems, formatCount),
    bytesPerSecond === undefined ? "" : `${formatBytes(bytesPerSecond)}/s`,
    leftMs === undefined || !Number.isFinite(leftMs) || leftMs <= 0 ? "" : `${formatDuration(leftMs)} left`,
  ];
  return parts.filter((part) => part !== "").join("  ");
}

function shareOf(done: number, total: number | undefined): number | undefined {
  return total === undefined || total === 0 ? undefined : Math.min(1, done / total);
}

function ofTotal(done: string, total: number | undefined, format: (amount: number) => string): string {
  return total === undefined ? done : `${done} of ${format(total)}`;
}

const COUNT_FORMAT = new Intl.NumberFormat("en");

function formatCount(count: number): string {
  return COUNT_FORMAT.format(count);
}

/** What is worked on gets the room that is left, if that is worth it. */
function fit(text: string, current: string, columns: number): string {
  const room = columns - terminalWidth(text) - 2;
  return current === "" || room < 10 ? cutEnd(text, columns) : `${text}  ${cutStart(current, room)}`;
}

/** Bytes in a second, over the last seconds. */
class Rate {
  #samples: readonly { readonly bytes: number; readonly atMs: number }[] = [];

  restart(bytes: number, atMs: number): void {
    this.#samples = [{ bytes, atMs }];
  }

  add(bytes: number, atMs: number): void {
    const start = this.#samples.findLastIndex((sample) => atMs - sample.atMs >= RATE_WINDOW_MS);
    this.#samples = [...this.#samples.slice(Math.max(0, start)), { bytes, atMs }];
  }

  /** Undefined until there is something to tell. */
  bytesPerSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < SHORTEST_RATE_MS) return undefined;
    const rate = Math.round(((last.bytes - first.bytes) / (last.atMs - first.atMs)) * 1000);
    return rate > 0 ? rate : undefined;
  }
}
