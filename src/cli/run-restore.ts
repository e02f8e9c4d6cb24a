/** What the commands do that bring a point back: find it, plan, and stop there or act. */
import type { Command } from "commander";
import { formatBytes } from "../base/byte-size.ts";
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import { readLibrary } from "../blueprint/library.ts";
import { identifyCluster } from "../capture/cluster-identity.ts";
import { discover } from "../kube/discovery.ts";
import { describeId } from "../kube/object-id.ts";
import type { ResourceTable } from "../kube/resource-table.ts";
import { cloneSource } from "../recover/clone/clone-source.ts";
import { conversionFindings, convertedSource } from "../recover/converted-source.ts";
import { AdaptivePace, maxSpeed } from "../recover/execute/pace.ts";
import { MaskGate } from "../recover/mask/mask-gate.ts";
import { type PlannedMask, planMasks } from "../recover/mask/plan-masks.ts";
import { assertValid } from "../recover/plan/assert-valid.ts";
import { makePlan, type PlannedRestore, type PlanRequest } from "../recover/plan/make-plan.ts";
import type { PlanOptions, RestorePlan } from "../recover/plan/plan.ts";
import type { DatabaseOutcome } from "../recover/databases/finish-databases.ts";
import { outdated, readPlan, writePlan } from "../recover/plan/plan-file.ts";
import { planOutdated } from "../recover/plan/refusals.ts";
import { verify } from "../recover/plan/verify.ts";
import { sourceOf } from "../recover/point-source.ts";
import { preparation } from "../recover/preparation.ts";
import { restore as execute, type RestoreReport } from "../recover/restore.ts";
import { planVolumes, type VolumePlan, type VolumeRequest } from "../recover/volumes/plan-volumes.ts";
import type { VolumeOutcome } from "../recover/volumes/volume-restore.ts";
import { openCluster } from "./cluster-options.ts";
import type { CommandContext } from "./context.ts";
import { formatElapsed, parseDuration } from "./duration.ts";
import { withPoint } from "./find-point.ts";
import { runOnLocation } from "./location-run.ts";
import { readMoverOptions } from "./mover-options.ts";
import { writeResult } from "./output.ts";
import { planText } from "./plan-text.ts";
import { restoredDatabases } from "./restored-databases.ts";
import { recorded, type RecordedEnd } from "./recorded.ts";
import { withFilling } from "./volume-filling.ts";
import { counted } from "./shown.ts";

export interface RunRestoreOptions {
  /** Of the plan; not asked if a saved one is executed. */
  readonly planOptions: (table: ResourceTable) => Promise<PlanOptions>;
  readonly dryRun: boolean;
  /** To be written in a dry run, and executed otherwise. */
  readonly plan: string | undefined;
  readonly maxSpeed: boolean;
  readonly wait: string | false;
  /** Files and folders of blueprints of a user's own. */
  readonly blueprints: readonly string[];
  /** Databases are masked before anything else runs. @default false */
  readonly mask?: boolean;
}

/** How long a database may take to start where nobody said how long to wait. */
const READY_MS = 300_000;

export async function runRestore(name: string, given: RunRestoreOptions, command: Command, context: CommandContext): Promise<void> {
  const { signal, clock } = context;
  const { dryRun } = given;
  const movers = readMoverOptions(command, context);
  const waitMs = given.wait === false ? undefined : parseDuration(given.wait);
  const saved = given.plan === undefined || dryRun ? undefined : await readPlan(given.plan);
  const blueprints = await readLibrary(given.blueprints, signal);
  const pace = given.maxSpeed ? maxSpeed : new AdaptivePace(clock);
  await using api = await openCluster(command, context);
  await runOnLocation(command, context, async (run) => {
    const { report, display, format } = run;
    const startMs = clock.monotonicMs();
    const [table, cluster] = await Promise.all([discover(api, signal), identifyCluster(api, signal)]);
    await withPoint(run, name, async (point, found, session) => {
      const { description } = point;
      if (found.isPartial) report(partialPoint(description.id));
      const converted = convertedSource(sourceOf(point), table);
      for (const finding of conversionFindings(converted)) report(finding);
      if (saved !== undefined && saved.point !== converted.id) throw planOfAnother(saved, converted.id);
      const options = saved?.options ?? (await given.planOptions(table));
      const { unit } = description;
      const source = options.clone === undefined ? converted : cloneSource(converted, unit, options.clone);
      const isSameCluster = description.cluster.id === cluster.id;
      const objects = await preparation({ source, unit, options, isSameCluster, signal });
      const { namespace } = movers;
      const volumes = { api, source, description, prepare: objects.prepare, options, isSameCluster, namespace, signal };
      const progress = display.sink;
      const request = { api, table, cluster: cluster.id, source, options, preparation: objects, volumes, progress, signal };
      const planned = await (saved === undefined ? planAll(request) : planAgain(request, saved));
      const { toNamespace = "" } = options;
      const { entries } = planned.plan;
      const masks = given.mask === true ? planMasks({ ...description, blueprints, entries, toNamespace }) : undefined;
      const gate = masks === undefined ? undefined : new MaskGate(masks, { api, readyMs: waitMs ?? READY_MS, progress });
      const planMs = Math.round(clock.monotonicMs() - startMs);
      const execution = { api, source, prepare: planned.prepare, pace, progress, signal };
      await assertValid(planned, execution);
      if (dryRun) {
        const plan = await verify(planned, execution);
        if (given.plan !== undefined) await writePlan(given.plan, plan);
        for (const finding of [...planned.findings, ...refusals(plan)]) report(finding);
        const value = { dryRun, ...plan, ...(masks === undefined ? {} : { masks: masks.map(maskJson) }), planMs, findings: run.findings };
        writeResult(context, format, value, () => [planText(plan), ...(masks ?? []).map(maskText)].join("\n"));
        return;
      }
      const kind = options.clone === undefined ? "restore" : "clone";
      const filling = { kind, run, api, session, place: found.place, point, volumes: planned.volumes, movers } as const;
      const databases = restoredDatabases({ point, session, options, blueprints });
      const what = { kind, place: found.place, cluster: cluster.id, point: description.id, namespace } as const;
      await recorded(run, what, async () => {
        let end: RecordedEnd = { outcome: "failed", facts: {} };
        await withFilling(filling, async (fill) => {
          const done = await execute(planned, { ...execution, waitMs, report, filling: fill, databases, gate });
          const totalMs = Math.round(clock.monotonicMs() - startMs);
          end = endOf(done, totalMs);
          writeResult(context, format, { ...done, planMs, totalMs, findings: run.findings }, () => reportText(done, { planMs, totalMs }));
        });
        return end;
      });
    });
  });
}

function endOf({ created, updated, replaced, failed, notReady, notFilled, findings }: RestoreReport, totalMs: number): RecordedEnd {
  const isWhole = findings.every(({ grade }) => grade === "info");
  return { outcome: isWhole ? "succeeded" : "partial", facts: { created, updated, replaced, failed, notReady, notFilled, totalMs } };
}

interface WholeRequest extends Omit<PlanRequest, "volumes"> {
  readonly volumes: VolumeRequest;
}

type WholePlan = PlannedRestore & Pick<VolumePlan, "prepare">;

/** Volumes first: what claims are written as depends on what becomes of their data. */
async function planAll(request: WholeRequest): Promise<WholePlan> {
  const { prepare, volumes, findings } = await planVolumes(request.volumes);
  const planned = await makePlan({ ...request, preparation: { ...request.preparation, prepare }, volumes });
  return { ...planned, prepare, findings: [...findings, ...planned.findings] };
}

/** @throws {DomainError} conflict/plan_outdated */
async function planAgain(request: WholeRequest, saved: RestorePlan): Promise<WholePlan> {
  let planned: WholePlan;
  try {
    planned = await planAll(request);
  } catch (error) {
    // What now stands in the way did not when the plan was made.
    if (error instanceof DomainError && error.kind === "conflict") throw planOutdated([error.message], error);
    throw error;
  }
  const changes = outdated(saved, planned.plan);
  if (changes.length > 0) throw planOutdated(changes);
  return planned;
}

function maskJson({ namespace, workload, blueprint }: PlannedMask): Readonly<Record<string, string>> {
  return { namespace, workload, blueprint: blueprint.name };
}

function maskText({ workload, blueprint }: PlannedMask): string {
  return `${workload} is masked as blueprint "${blueprint.name}" says before anything else runs`;
}

function planOfAnother(saved: RestorePlan, point: string): DomainError {
  return new DomainError("usage", "plan_point", `Cannot execute this plan: it is of restore point ${saved.point}, not of ${point}`);
}

function partialPoint(id: string): Finding {
  return {
    grade: "info",
    code: "point_partial",
    object: id,
    message: `Restore point ${id} is partial: something that was to be captured is not in it`,
  };
}

function refusals({ entries }: RestorePlan): readonly Finding[] {
  return entries.flatMap(({ id, refusal }) =>
    refusal === undefined ? [] : [{ grade: "partial", code: "would_be_refused", object: describeId(id), message: refusal }],
  );
}

function reportText(report: RestoreReport, { planMs, totalMs }: { readonly planMs: number; readonly totalMs: number }): string {
  const {
    point,
    created,
    updated,
    replaced,
    skipped,
    failed,
    notReady,
    restoreMs,
    waitMs,
    volumes,
    notFilled,
    databases,
    masked = [],
  } = report;
  const times = [`planned in ${formatElapsed(planMs)}`, `written in ${formatElapsed(restoreMs)}`];
  if (waitMs !== undefined) times.push(`waited ${formatElapsed(waitMs)} until ready`);
  times.push(`${formatElapsed(totalMs)} in all`);
  const bad = [
    ...(notFilled > 0 ? [`${counted(notFilled, "volume")} not filled`] : []),
    ...(failed > 0 ? [`${counted(failed, "object")} refused`] : []),
    ...(notReady > 0 ? [`${counted(notReady, "object")} not ready`] : []),
  ];
  return [
    `Restored point ${point}: ${created} created, ${updated} updated, ${replaced} replaced, ${skipped} left as they are or left out`,
    ...volumes.map(volumeText),
    ...masked.map(({ workload, blueprint, maskMs }) => `  ${workload} masked as blueprint "${blueprint}" says in ${formatElapsed(maskMs)}`),
    ...databases.map(databaseText),
    ...(bad.length > 0 ? [bad.join(", ")] : []),
    times.join(", "),
  ].join("\n");
}

function volumeText({ namespace, claim, from, bytes, fillMs }: VolumeOutcome): string {
  const what = bytes === undefined ? "" : ` with ${formatBytes(bytes)}`;
  const where = from === "snapshot" ? "the local snapshot" : "the repository";
  return `  volume of claim "${claim}" in namespace "${namespace}" filled${what} from ${where} in ${formatElapsed(fillMs)}`;
}

function databaseText({ namespace, workload, blueprint, untested, loadedBytes, check, ms }: DatabaseOutcome): string {
  const loaded = loadedBytes === undefined ? "" : ` loaded with ${formatBytes(loadedBytes)},`;
  const checked = check === "none" ? "not checked: its blueprint does not say how" : `check ${check}`;
  const by = `blueprint "${blueprint}"${untested ? ", untested" : ""}`;
  return `  database ${workload} in namespace "${namespace}"${loaded} ${checked} (${by}) in ${formatElapsed(ms)}`;
}
