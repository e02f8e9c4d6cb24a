/** A restore from its plan to its report. */
import { isoTime } from "../base/clock.ts";
import type { Finding, FindingSink } from "../base/finding.ts";
import { keyOf } from "../kube/object-id.ts";
import { type Execution, execute } from "./execute/execute.ts";
import type { MaskOutcome } from "./mask/mask-gate.ts";
import type { Action } from "./plan/plan.ts";
import type { PlannedRestore } from "./plan/make-plan.ts";
import { type VolumeOutcome, VolumeRestore, type VolumeRestoreRequest } from "./volumes/volume-restore.ts";
import { CLAIMS } from "./volumes/storage-objects.ts";
import { type DatabaseOutcome, type DatabaseRequest, finishDatabases } from "./databases/finish-databases.ts";
import { waitUntilReady } from "./ready/wait-until-ready.ts";

export interface RestoreRequest extends Omit<Execution, "report" | "volumes"> {
  /** undefined: the plan has none to fill. */
  readonly filling: Pick<VolumeRestoreRequest, "contentOf" | "context" | "limit"> | undefined;
  /** How long to wait until what was restored is ready; undefined: not at all. */
  readonly waitMs: number | undefined;
  /** Told of each as it comes. */
  readonly report: FindingSink;
  /** What databases are loaded from and how they are asked, once all is ready; undefined: that is left to others. */
  readonly databases: Pick<DatabaseRequest, "blueprints" | "streams"> | undefined;
}

export interface RestoreReport {
  readonly point: string;
  /** RFC 3339. */
  readonly startTime: string;
  readonly restoreMs: number;
  /** Until all was ready; absent if nobody waited. */
  readonly waitMs?: number;
  readonly created: number;
  readonly updated: number;
  readonly replaced: number;
  readonly skipped: number;
  readonly failed: number;
  /** Of what was written and can be waited for. */
  readonly notReady: number;
  readonly volumes: readonly VolumeOutcome[];
  /** Volumes that go on waiting for their data. */
  readonly notFilled: number;
  readonly databases: readonly DatabaseOutcome[];
  /** Databases of which the private data is unrecognisable; absent if that was not asked for. */
  readonly masked?: readonly MaskOutcome[];
  readonly findings: readonly Finding[];
}

/** What nobody waits for cannot be asked. */
async function finish(planned: PlannedRestore, request: RestoreRequest): Promise<readonly DatabaseOutcome[]> {
  const { databases, waitMs, api, report, progress, signal } = request;
  if (databases === undefined || waitMs === undefined) return [];
  const { entries } = planned.plan;
  const made = new Set(entries.filter(({ action }) => action === "create").map(({ id }) => keyOf(id)));
  const namespaces = [...new Set(entries.flatMap(({ id, wave }) => (wave === "workloads" ? (id.namespace ?? []) : [])))];
  const isNew = (namespace: string, name: string): boolean => made.has(keyOf({ ...CLAIMS, namespace, name }));
  return finishDatabases({ ...databases, api, namespaces, isNew, report, progress, signal });
}

const NOT_FILLED: ReadonlySet<string> = new Set(["volume_not_filled", "volume_without_node"]);

/** Throws as execute() does. */
export async function restore(planned: PlannedRestore, request: RestoreRequest): Promise<RestoreReport> {
  const { api, waitMs, progress, filling } = request;
  const { clock } = api;
  const findings: Finding[] = [];
  const report: FindingSink = (finding) => {
    findings.push(finding);
    request.report(finding);
  };
  for (const finding of planned.findings) report(finding);
  const startTime = isoTime(clock.now());
  const startMs = clock.monotonicMs();
  // A run that lost its place stops all of it.
  const signal = filling?.context.run.signal ?? request.signal;
  const whole = { ...request, report, signal };
  await using volumes = filling === undefined ? undefined : new VolumeRestore({ ...filling, ...whole, volumes: planned.volumes });
  const { written, failed, volumes: outcomes } = await execute(planned, { ...whole, volumes });
  const writtenMs = clock.monotonicMs();
  const objects = planned.plan.entries.filter(({ id, action }) => action !== "skip" && written.has(keyOf(id)));
  const count = (action: Action): number => objects.filter((entry) => entry.action === action).length;
  const notReady = waitMs === undefined ? [] : await waitUntilReady({ api, objects, timeoutMs: waitMs, progress, signal });
  for (const finding of notReady) report(finding);
  const databases = await finish(planned, { ...request, report, signal });
  return {
    point: planned.plan.point,
    startTime,
    restoreMs: Math.round(writtenMs - startMs),
    ...(waitMs === undefined ? {} : { waitMs: Math.round(clock.monotonicMs() - writtenMs) }),
    created: count("create"),
    updated: count("update"),
    replaced: count("replace"),
    skipped: planned.plan.entries.length - planned.byKey.size,
    failed,
    notReady: notReady.length,
    volumes: outcomes,
    databases,
    notFilled: findings.filter(({ code }) => NOT_FILLED.has(code)).length,
    ...(request.gate === undefined ? {} : { masked: request.gate.outcomes }),
    findings,
  };
}
