/** `holdfast restore` */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { DomainError } from "../../base/errors.ts";
import type { Finding } from "../../base/finding.ts";
import { identifyCluster } from "../../capture/cluster-identity.ts";
import { discover } from "../../kube/discovery.ts";
import { describeId } from "../../kube/object-id.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import { conversionFindings, convertedSource } from "../../recover/converted-source.ts";
import { AdaptivePace, maxSpeed } from "../../recover/execute/pace.ts";
import { makePlan, type PlannedRestore, type PlanRequest } from "../../recover/plan/make-plan.ts";
import type { Dependencies, Existing, PlanOptions, RestorePlan, TransformFile } from "../../recover/plan/plan.ts";
import { outdated, readPlan, writePlan } from "../../recover/plan/plan-file.ts";
import { planOutdated } from "../../recover/plan/refusals.ts";
import { assertValid } from "../../recover/plan/assert-valid.ts";
import { verify } from "../../recover/plan/verify.ts";
import { sourceOf } from "../../recover/point-source.ts";
import { preparation } from "../../recover/preparation.ts";
import { restore as execute, type RestoreReport } from "../../recover/restore.ts";
import type { VolumeOutcome } from "../../recover/volumes/volume-restore.ts";
import { planVolumes, type VolumePlan, type VolumeRequest } from "../../recover/volumes/plan-volumes.ts";
import { wholeQuantity } from "../../kube/quantity.ts";
import { formatBytes } from "../../base/byte-size.ts";
import { readMoverOptions } from "../mover-options.ts";
import { withFilling } from "../volume-filling.ts";
import { openCluster } from "../cluster-options.ts";
import type { CommandContext } from "../context.ts";
import { formatElapsed, parseDuration } from "../duration.ts";
import { withPoint } from "../find-point.ts";
import { runOnLocation } from "../location-run.ts";
import { writeResult } from "../output.ts";
import { planText } from "../plan-text.ts";
import { counted } from "../shown.ts";

export interface RestoreOptions {
  readonly toNamespace?: string;
  readonly namePrefix?: string;
  readonly storageClass: readonly string[];
  readonly transform?: string;
  readonly only?: string;
  readonly existing: Existing;
  readonly dependencies: Dependencies;
  readonly dryRun?: boolean;
  readonly plan?: string;
  readonly volumesOnly?: boolean;
  readonly objectsOnly?: boolean;
  readonly volumeSize: readonly string[];
  readonly accessMode: readonly string[];
  readonly maxSpeed?: boolean;
  readonly wait: string | false;
}

export async function restore(name: string, given: RestoreOptions, command: Command, context: CommandContext): Promise<void> {
  const { signal, clock } = context;
  const { dryRun = false } = given;
  const movers = readMoverOptions(command, context);
  const waitMs = given.wait === false ? undefined : parseDuration(given.wait);
  const saved = given.plan === undefined || dryRun ? undefined : await readPlan(given.plan);
  if (saved !== undefined) assertPlainOptions(command);
  const pace = given.maxSpeed === true ? maxSpeed : new AdaptivePace(clock);
  await using api = await openCluster(command, context);
  await runOnLocation(command, context, async (run) => {
    const { report, display, format } = run;
    const startMs = clock.monotonicMs();
    const [table, cluster] = await Promise.all([discover(api, signal), identifyCluster(api, signal)]);
    await withPoint(run, name, async (point, found) => {
      const { description } = point;
      if (found.isPartial) report(partialPoint(description.id));
      const source = convertedSource(sourceOf(point), table);
      for (const finding of conversionFindings(source)) report(finding);
      if (saved !== undefined && saved.point !== source.id) throw planOfAnother(saved, source.id);
      const options = saved?.options ?? (await readOptions(given, table));
      const { unit } = description;
      const isSameCluster = description.cluster.id === cluster.id;
      const objects = await preparation({ source, unit, options, isSameCluster, signal });
      const { namespace } = movers;
      const volumes = { api, source, description, prepare: objects.prepare, options, isSameCluster, namespace, signal };
      const progress = display.sink;
      const request = { api, table, cluster: cluster.id, source, options, preparation: objects, volumes, progress, signal };
      const planned = await (saved === undefined ? planAll(request) : planAgain(request, saved));
      const planMs = Math.round(clock.monotonicMs() - startMs);
      const execution = { api, source, prepare: planned.prepare, pace, progress, signal };
      await assertValid(planned, execution);
      if (dryRun) {
        const plan = await verify(planned, execution);
        if (given.plan !== undefined) await writePlan(given.plan, plan);
        for (const finding of [...planned.findings, ...refusals(plan)]) report(finding);
        writeResult(context, format, { dryRun, ...plan, planMs, findings: run.findings }, () => planText(plan));
        return;
      }
      const filling = { run, place: found.place, point, movers, volumes: planned.volumes, api };
      await withFilling(filling, async (fill) => {
        const done = await execute(planned, { ...execution, waitMs, report, filling: fill });
        const totalMs = planMs + done.restoreMs + (done.waitMs ?? 0);
        writeResult(context, format, { ...done, planMs, totalMs, findings: run.findings }, () => reportText(done, planMs));
      });
    });
  });
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

async function readOptions(given: RestoreOptions, table: ResourceTable): Promise<PlanOptions> {
  const { existing, dependencies, toNamespace, namePrefix, storageClass, transform, only, volumesOnly, objectsOnly } = given;
  const { volumeSize, accessMode } = given;
  if (volumesOnly === true && objectsOnly === true) {
    throw new DomainError("usage", "restore_nothing", "Cannot restore volumes only and objects only: that is nothing", {
      hint: "Leave out one of --volumes-only and --objects-only",
    });
  }
  return {
    existing,
    dependencies,
    ...(toNamespace === undefined ? {} : { toNamespace }),
    ...(namePrefix === undefined ? {} : { namePrefix }),
    ...(storageClass.length === 0 ? {} : { storageClasses: Object.fromEntries(storageClass.map(parseStorageClass)) }),
    ...(transform === undefined ? {} : { transform: await readTransform(transform) }),
    ...(volumesOnly === true ? { volumes: "only" } : objectsOnly === true ? { volumes: "none" } : {}),
    ...(volumeSize.length === 0 ? {} : { volumeSizes: Object.fromEntries(volumeSize.map(parseVolumeSize)) }),
    ...(accessMode.length === 0 ? {} : { accessModes: Object.fromEntries(accessMode.map(parseAccessMode)) }),
    ...(only === undefined ? {} : { only: only.split(",").map((text) => parseOnly(text.trim(), table)) }),
  };
}

/** @throws {DomainError} usage/restore_storage_class */
function parseStorageClass(text: string): readonly [string, string] {
  return parsePair(text) ?? refuse("restore_storage_class", "--storage-class", text, "not of the form old=new");
}

/** @throws {DomainError} usage/restore_volume_size */
function parseVolumeSize(text: string): readonly [string, string] {
  const pair = parsePair(text);
  if (pair !== undefined && (wholeQuantity(pair[1]) ?? 0) > 0) return pair;
  return refuse("restore_volume_size", "--volume-size", text, "not of the form CLAIM=SIZE, as in data=20Gi");
}

/** @throws {DomainError} usage/restore_access_mode */
function parseAccessMode(text: string): readonly [string, string] {
  const pair = parsePair(text);
  if (pair !== undefined && ACCESS_MODES.includes(pair[1])) return pair;
  return refuse("restore_access_mode", "--access-mode", text, `not of the form CLAIM=MODE, with one of ${ACCESS_MODES.join(", ")}`);
}

const ACCESS_MODES = ["ReadWriteOnce", "ReadWriteOncePod", "ReadOnlyMany", "ReadWriteMany"];

function parsePair(text: string): readonly [string, string] | undefined {
  const [from = "", to = "", ...more] = text.split("=");
  return from !== "" && to !== "" && more.length === 0 ? [from, to] : undefined;
}

function refuse(code: string, option: string, text: string, state: string): never {
  throw new DomainError("usage", code, `Cannot use ${option} "${text}": ${state}`);
}

/** `deploy/web` is `Deployment/web`; a kind that the cluster does not know may be in the point. @throws {DomainError} usage/restore_only */
function parseOnly(text: string, table: ResourceTable): string {
  const [kind = "", name = "", ...more] = text.split("/");
  if (kind === "" || name === "" || more.length > 0) {
    throw new DomainError("usage", "restore_only_form", `Cannot restore only "${text}": not of the form KIND/NAME`, {
      hint: 'Write it as in "Deployment/web,ConfigMap/web"',
    });
  }
  try {
    return `${table.find(kind).kind}/${name}`;
  } catch (error) {
    if (error instanceof DomainError && error.code === "kube_no_resource") return text;
    throw error;
  }
}

async function readTransform(path: string): Promise<TransformFile> {
  try {
    return { file: path, text: await readFile(path, "utf8") };
  } catch (cause) {
    throw new DomainError("usage", "transform_file", `Cannot read transform "${path}"`, { cause });
  }
}

/** A plan has its options in it. */
const PLANNED_OPTIONS: ReadonlySet<string> = new Set([
  "toNamespace",
  "namePrefix",
  "storageClass",
  "transform",
  "only",
  "volumesOnly",
  "objectsOnly",
  "volumeSize",
  "accessMode",
  "existing",
  "dependencies",
]);

function assertPlainOptions(command: Command): void {
  const isGiven = (name: string): boolean => PLANNED_OPTIONS.has(name) && command.getOptionValueSource(name) === "cli";
  const flags = command.options.filter((option) => isGiven(option.attributeName())).map(({ long }) => long);
  if (flags.length === 0) return;
  throw new DomainError("usage", "plan_options", `Cannot execute a plan with ${flags.join(", ")}: it has its options in it`, {
    hint: "Make another plan with --dry-run, or leave them out",
  });
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

function reportText(report: RestoreReport, planMs: number): string {
  const { point, created, updated, replaced, skipped, failed, notReady, restoreMs, waitMs, volumes, notFilled } = report;
  const times = [`planned in ${formatElapsed(planMs)}`, `written in ${formatElapsed(restoreMs)}`];
  if (waitMs !== undefined) times.push(`waited ${formatElapsed(waitMs)} until ready`);
  const bad = [
    ...(notFilled > 0 ? [`${counted(notFilled, "volume")} not filled`] : []),
    ...(failed > 0 ? [`${counted(failed, "object")} refused`] : []),
    ...(notReady > 0 ? [`${counted(notReady, "object")} not ready`] : []),
  ];
  return [
    `Restored point ${point}: ${created} created, ${updated} updated, ${replaced} replaced, ${skipped} left as they are or left out`,
    ...volumes.map(volumeText),
    ...(bad.length > 0 ? [bad.join(", ")] : []),
    times.join(", "),
  ].join("\n");
}

function volumeText({ namespace, claim, from, bytes, fillMs }: VolumeOutcome): string {
  const what = bytes === undefined ? "" : ` with ${formatBytes(bytes)}`;
  const where = from === "snapshot" ? "the local snapshot" : "the repository";
  return `  volume of claim "${claim}" in namespace "${namespace}" filled${what} from ${where} in ${formatElapsed(fillMs)}`;
}
