/** `holdfast backup` */
import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import packageJson from "../../../package.json" with { type: "json" };
import { findTarget, type Target } from "../../application/discovery/find-target.ts";
import { MembershipRules } from "../../application/membership.ts";
import type { Unit } from "../../application/unit.ts";
import { formatBytes } from "../../base/byte-size.ts";
import { DomainError } from "../../base/errors.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { type BackedUpUnit, backupUnit } from "../../capture/backup-unit.ts";
import { captureObjects, type CapturedObjects } from "../../capture/capture.ts";
import { type CapturePlan, makeCapturePlan } from "../../capture/volumes/capture-plan.ts";
import { readLibrary } from "../../blueprint/library.ts";
import { identifyCluster } from "../../capture/cluster-identity.ts";
import { discover } from "../../kube/discovery.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import { nameOf } from "../../kube/resource-type.ts";
import { claimWriting, makeUnitRepository } from "../../location/unit-repository.ts";
import { addUnit, findUnit, type UnitPlace } from "../../location/units.ts";
import type { CapturedResource, PointCluster } from "../../point/description.ts";
import { openCluster } from "../cluster-options.ts";
import type { CommandContext } from "../context.ts";
import { formatElapsed } from "../duration.ts";
import { type LocationRun, openUnit, runOnLocation } from "../location-run.ts";
import { openLockedSession, type RepositoryRun, writeSummary } from "../repository-run.ts";
import { writeResult } from "../output.ts";
import { counted } from "../shown.ts";
import { readMoverOptions } from "../mover-options.ts";
import { recorded, type RecordedEnd } from "../recorded.ts";
import { formatTable } from "../table.ts";
import { readDeclaredUnits } from "../unit-options.ts";
import { readVolumeOptions } from "../volume-options.ts";
import { volumeLines, volumePlanJson, volumePlanText } from "../volume-text.ts";
import { volumeTools } from "../volume-tools.ts";

export interface BackupOptions {
  readonly namespace?: string;
  readonly units?: string;
  readonly clusterName?: string;
  readonly allowPartial?: boolean;
  readonly dryRun?: boolean;
}

interface Source {
  readonly api: KubeApi;
  readonly table: ResourceTable;
  readonly rules: MembershipRules;
  readonly cluster: PointCluster;
  readonly unit: Unit;
}

/**
 * From so many objects on the heap is swept before it has grown by a fifth of what lives in it, as they come and go by pages: 244 MB instead of
 * 378 for 100,000 of them, in a fifth more time.
 */
const MANY_OBJECTS = 20_000;
const SWEEP_OFTEN = "--heap-growing-percent=20";

export async function backup(name: string, given: BackupOptions, command: Command, context: CommandContext): Promise<void> {
  const startMs = context.clock.monotonicMs();
  await using api = await openCluster(command, context);
  await runOnLocation(command, context, async (run) => {
    const source = await findSource(api, name, given, run);
    const { report, display } = run;
    const options = { ...source, allowPartial: given.allowPartial ?? false, report, progress: sweepingOften(display.sink) };
    const [volumes, movers] = [readVolumeOptions(command), readMoverOptions(command, context)];
    const blueprints = await readLibrary(volumes.blueprints, context.signal);
    const { namespace } = movers;
    const replan = (): Promise<CapturePlan> => makeCapturePlan({ ...options, ...volumes, namespace, blueprints, signal: context.signal });
    const plan = source.unit.kind === "cluster" ? undefined : await replan();
    if (given.dryRun === true) {
      const discard = { add: () => undefined, remove: () => undefined, room: async () => undefined };
      for (const finding of plan?.findings ?? []) report(finding);
      writePlan(await captureObjects(discard, { ...options, signal: context.signal }), plan, source, run);
      return;
    }
    const { place, opened } = await openForWriting(run, source);
    await claimWriting(opened.repository, place, { clock: context.clock, signal: context.signal });
    const what = { kind: "backup", place, cluster: source.cluster.id, namespace } as const;
    await recorded(run, what, async () => {
      await using closing = new AsyncDisposableStack();
      const tools = volumeTools({ api, unit: source.unit, location: run.location, place, opened, movers, volumes }, closing);
      await using session = await openLockedSession(opened, "shared");
      const done = await backupUnit(session, {
        ...options,
        programVersion: `holdfast ${packageJson.version}`,
        clock: context.clock,
        volumes: plan === undefined ? undefined : { plan, replan, tools },
      });
      writeSummary(opened, summaryJson(done, place), () => summaryText(done, context.clock.monotonicMs() - startMs));
      return endOf(done);
    });
  });
}

function endOf({ handle, description, totals }: BackedUpUnit): RecordedEnd {
  const facts = { point: handle.id, objects: objectCount(description.resources), bytes: totals.bytes, storedBytes: totals.storedBytes };
  return { outcome: handle.isPartial ? "partial" : "succeeded", facts };
}

function sweepingOften(sink: ProgressSink): ProgressSink {
  return (progress) => {
    if (progress.doneItems === MANY_OBJECTS) setFlagsFromString(SWEEP_OFTEN);
    sink(progress);
  };
}

async function findSource(api: KubeApi, name: string, given: BackupOptions, { context: { signal }, report }: LocationRun): Promise<Source> {
  const [table, identity] = await Promise.all([discover(api, signal), identifyCluster(api, signal)]);
  const declared = await readDeclaredUnits(given.units, signal);
  const rules = await MembershipRules.load(api, table, declared, signal);
  const target = await findTarget(api, rules, declared, name, { namespace: given.namespace, report, signal });
  return { api, table, rules, cluster: { ...identity, name: given.clusterName ?? identity.name }, unit: unitOf(target, name) };
}

/** @throws {DomainError} usage/view_no_unit: the application is a part of a unit, and has no points of its own */
function unitOf({ unit, view }: Target, name: string): Unit {
  if (view === undefined) return unit;
  throw new DomainError(
    "usage",
    "view_no_unit",
    `Cannot back up "${name}" alone: it is found in the unit "${unit.name}", and a part of it`,
    {
      hint: `Run "holdfast backup ${unit.name}", or declare it to be a unit of its own with --units`,
    },
  );
}

async function openForWriting(
  run: LocationRun,
  { cluster, unit }: Source,
): Promise<{ readonly place: UnitPlace; readonly opened: RepositoryRun }> {
  const { location, context } = run;
  const { clock, signal } = context;
  const known = await findUnit(location, cluster, unit, { signal });
  const place = known ?? (await addUnit(location, cluster, unit, { signal }));
  try {
    return { place, opened: await openUnit(run, place) };
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "repository_not_found") throw error;
    await makeUnitRepository(location, place, { clock, signal });
    return { place, opened: await openUnit(run, place) };
  }
}

function writePlan({ resources, dependencies }: CapturedObjects, plan: CapturePlan | undefined, { unit }: Source, run: LocationRun): void {
  const objects = objectCount(resources);
  const value = { dryRun: true, unit: unit.name, objects, resources, dependencies, ...volumePlanJson(plan), findings: run.findings };
  writeResult(run.context, run.format, value, () => {
    const rows = resources.map((resource) => [`${nameOf(resource)} ${resource.version}`, String(resource.count)]);
    const table = formatTable([{ title: "Resource" }, { title: "Objects", align: "right" }], rows);
    return [
      table,
      ...volumePlanText(plan),
      `Would capture ${counted(objects, "object")} of ${unit.name}, ${dependencies.length} of them for others to use, too`,
    ].join("\n\n");
  });
}

function summaryJson({ handle, description, totals }: BackedUpUnit, { path }: UnitPlace): Readonly<Record<string, unknown>> {
  const { resources, dependencies, unit } = description;
  return {
    point: handle.id,
    snapshot: handle.snapshot.id,
    unit: unit.name,
    path,
    isPartial: handle.isPartial,
    objects: objectCount(resources),
    dependencies: dependencies.length,
    volumes: description.volumes,
    databases: description.databases,
    bytesProcessed: totals.bytes,
    bytesStored: totals.storedBytes,
  };
}

function summaryText({ handle, description, totals }: BackedUpUnit, elapsedMs: number): string {
  const { resources, dependencies } = description;
  const kinds = counted(new Set(resources.map(nameOf)).size, "kind");
  return [
    `Saved restore point ${handle.id} of ${description.unit.name}${handle.isPartial ? ", which is partial" : ""}`,
    `Objects  ${counted(objectCount(resources), "object")} of ${kinds}, ${dependencies.length} of them for others to use, too; ${formatElapsed(elapsedMs)}`,
    ...volumeLines(description),
    `Stored   ${formatBytes(totals.storedBytes)} of ${formatBytes(totals.bytes)}`,
  ].join("\n");
}

/** An object that is there in several versions is one. */
function objectCount(resources: readonly CapturedResource[]): number {
  const byName = Map.groupBy(resources, nameOf);
  return Array.from(byName.values(), (versions) => Math.max(...versions.map(({ count }) => count))).reduce((sum, count) => sum + count, 0);
}
