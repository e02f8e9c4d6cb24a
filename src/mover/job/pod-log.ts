/**
 * The lines of a pod's log, as they come, each once: a connection that breaks is made again, and goes on after the last line that came.
 * Each line has its moment before it, by which it is known again.
 */
import { DomainError, isRetryable } from "../../base/errors.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { lines } from "../../kube/lines.ts";
import { pathOf } from "../../kube/resource-type.ts";
import { CONTAINER } from "./manifests.ts";

export interface PodLogOptions {
  readonly namespace: string;
  readonly pod: string;
  /** Whether more may come when the log has ended, since the container runs on. */
  readonly isRunning: () => boolean;
  readonly signal: AbortSignal;
}

const PODS = { group: "", version: "v1", plural: "pods" } as const;
/** A mover that works says so each second. */
const IDLE_TIMEOUT_MS = 60_000;
const AGAIN_MS = 500;
const MAX_LINE_BYTES = 1024 ** 2;
/** `2026-11-29T06:10:00.123456789Z text` */
const STAMPED = /^(?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (?<text>.*)$/s;

/** Ends when all has come, or when the pod is gone. */
export async function* podLog(api: KubeApi, options: PodLogOptions): AsyncGenerator<string, void, undefined> {
  const { signal, isRunning } = options;
  let last: bigint | undefined;
  while (true) {
    const wasRunning = isRunning();
    let hasFailed = false;
    try {
      for await (const { timeNs, text } of connect(api, options, last)) {
        if (last !== undefined && timeNs <= last) continue;
        last = timeNs;
        yield text;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DomainError && error.code === "kube_not_found") return;
      if (!isRetryable(error) && !(error instanceof DomainError && error.kind === "usage")) throw error;
      hasFailed = true;
    }
    if (!wasRunning && !hasFailed) return;
    await api.clock.sleep(AGAIN_MS, signal);
  }
}

interface StampedLine {
  readonly timeNs: bigint;
  readonly text: string;
}

async function* connect(
  api: KubeApi,
  { namespace, pod, signal }: PodLogOptions,
  last: bigint | undefined,
): AsyncGenerator<StampedLine, void, undefined> {
  const action = `read the log of pod "${pod}" in namespace "${namespace}"`;
  // Whole seconds only: what came in the last one comes again.
  const sinceTime =
    last === undefined ? undefined : Temporal.Instant.fromEpochNanoseconds(last).round({ smallestUnit: "second", roundingMode: "floor" });
  const query = { container: CONTAINER, follow: true, timestamps: true, sinceTime: sinceTime?.toString() };
  const request = { method: "GET", action, path: pathOf(PODS, { namespace, name: pod, subresource: "log" }), query, signal } as const;
  const tooLong = (): Error =>
    new DomainError("corrupt", "kube_too_long", `Cannot ${action}: a line has more than ${MAX_LINE_BYTES} bytes`);
  for await (const line of lines(api.stream(request, IDLE_TIMEOUT_MS), MAX_LINE_BYTES, tooLong)) {
    const { time = "", text = "" } = STAMPED.exec(line)?.groups ?? {};
    if (time !== "") yield { timeNs: Temporal.Instant.from(time).epochNanoseconds, text };
  }
}
