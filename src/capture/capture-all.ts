/** The objects of a unit and its volumes at one moment, and after that, with the application at work again, what is in the volumes. */
import { namespacesOf } from "../application/unit.ts";
import type { MadeFiles } from "../archive/made-files.ts";
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import type { Finding, FindingSink } from "../base/finding.ts";
import type { Ulid } from "../base/ids.ts";
import type { MoverSuccess } from "../mover/work.ts";
import type { PointDescription } from "../point/description.ts";
import { pathOfVolume } from "../point/object-path.ts";
import type { Session } from "../repository/session.ts";
import { type CapturedObjects, captureObjects, type CaptureOptions, type MomentCapture } from "./capture.ts";
import type { CapturePlan } from "./volumes/capture-plan.ts";
import { dumpDatabases } from "./volumes/dump-databases.ts";
import { removeOldKept } from "./volumes/kept-snapshots.ts";
import { lastVolumes } from "./volumes/last-volumes.ts";
import { sameClaims } from "./volumes/plan-groups.ts";
import { describedVolume, pointDatabases, pointVolume } from "./volumes/point-volumes.ts";
import { groupSnapshotKinds, snapshotKinds } from "./volumes/snapshot-kinds.ts";
import { uidIn } from "./volumes/snapshot-status.ts";
import { listClaims } from "./volumes/survey.ts";
import { type MovedVolume, VolumeCapture, type VolumeTools } from "./volumes/volume-capture.ts";

export interface UnitVolumes {
  readonly plan: CapturePlan;
  /** Made again, when claims came or went meanwhile. */
  readonly replan: () => Promise<CapturePlan>;
  /** Asked for only if anything is read. What movers find goes to the sink of the latest call. */
  readonly tools: (plan: CapturePlan, report: FindingSink) => Promise<VolumeTools>;
}

export type CaptureAllOptions = Omit<CaptureOptions, "atMoment"> & { readonly clock: Clock };

export interface CapturedAll extends AsyncDisposable {
  readonly objects: CapturedObjects;
  readonly described: Pick<PointDescription, "databases" | "streams" | "volumes">;
  readonly moved: readonly MoverSuccess[];
  /** To be called when the point is there. */
  keep(point: Ulid): Promise<void>;
}

const NO_VOLUMES = { databases: [], streams: [], volumes: [] };

/** @throws {DomainError} conflict/claims_changed: claims came or went twice while it was captured */
export async function captureAll(
  session: Session,
  files: MadeFiles,
  options: CaptureAllOptions,
  volumes: UnitVolumes | undefined,
): Promise<CapturedAll> {
  if (volumes === undefined) return withoutVolumes(await captureObjects(files, options), NO_VOLUMES);
  try {
    return await attempt(session, files, options, { volumes, plan: volumes.plan, number: 0 });
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "claims_changed") throw error;
    files.clear();
    const message = "Claims came or went while they were captured, so it was begun again";
    options.report({ grade: "info", code: "capture_restarted", object: options.unit.name, message });
  }
  return attempt(session, files, options, { volumes, plan: await volumes.replan(), number: 1 });
}

interface Attempt {
  readonly volumes: UnitVolumes;
  readonly plan: CapturePlan;
  readonly number: number;
}

async function attempt(
  session: Session,
  files: MadeFiles,
  options: CaptureAllOptions,
  { volumes, plan, number }: Attempt,
): Promise<CapturedAll> {
  if (!plan.volumes.some(({ method }) => method !== "skip")) {
    for (const finding of plan.findings) options.report(finding);
    const described = { ...NO_VOLUMES, volumes: plan.volumes.map(describedVolume), databases: pointDatabases(plan, []) };
    return withoutVolumes(await captureObjects(files, options), described);
  }
  // What an attempt finds counts only if it is the one that counts.
  const findings = new HeldFindings(options.report);
  try {
    return await attemptOnce(session, files, options, { volumes, plan, number }, findings);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "claims_changed") findings.release();
    throw error;
  }
}

async function attemptOnce(
  session: Session,
  files: MadeFiles,
  options: CaptureAllOptions,
  { volumes, plan, number }: Attempt,
  findings: HeldFindings,
): Promise<CapturedAll> {
  await using failing = new AsyncDisposableStack();
  const tools = await volumes.tools(plan, findings.report);
  const capture = failing.use(new VolumeCapture({ ...tools, ...options, plan, attempt: number, report: findings.report }));
  const parents = lastVolumes(session, plan.claims);
  parents.catch(() => undefined); // thrown where it is awaited
  const atMoment = momentOf(capture, plan, options, findings);
  const objects = await captureObjects(files, { ...options, report: findings.report, atMoment });
  const moved = await capture.move(await parents);
  const { clock, progress } = options;
  const streams = await dumpDatabases(files, plan.dumps, { api: options.api, clock, progress, signal: options.signal });
  const namespaces = namespacesOf(options.unit);
  for (const volume of moved) addTree(files, volume, namespaces);
  const owned = failing.move();
  return {
    objects,
    described: {
      volumes: moved.map((volume) => pointVolume(volume, capture.databases, namespaces)),
      streams,
      databases: pointDatabases(plan, capture.databases),
    },
    moved: moved.flatMap((volume) => volume.moved ?? []),
    keep: (point) => keep(capture, tools, options, point),
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

function momentOf(capture: VolumeCapture, plan: CapturePlan, options: CaptureAllOptions, findings: HeldFindings): MomentCapture {
  let traces: ReadonlySet<string> = new Set();
  return {
    capture: async () => {
      await capture.cut();
      const now = (await listClaims(options, true)).map(uidIn);
      if (!sameClaims(plan.claims, now)) {
        throw new DomainError("conflict", "claims_changed", "Cannot capture the volumes: claims came or went meanwhile", {
          hint: "Take the backup again when whatever makes or deletes claims has ended",
        });
      }
      ({ traces } = capture);
      for (const finding of plan.findings) findings.report(finding);
      findings.release();
    },
    isTrace: (resource, { namespace, name }) => traces.has(`${resource.plural} ${namespace ?? ""}/${name}`),
  };
}

function addTree(files: MadeFiles, { planned, moved, timeMs }: MovedVolume, namespaces: readonly string[]): void {
  if (moved?.tree === undefined) return;
  const { namespace, name } = planned.claim;
  files.addTree(pathOfVolume(namespaces, namespace, name), moved.tree, { timeMs, root: moved.root });
}

async function keep(capture: VolumeCapture, { run, keepSnapshots }: VolumeTools, options: CaptureAllOptions, point: Ulid): Promise<void> {
  if (keepSnapshots === 0) return;
  const { unit, table, signal } = options;
  await capture.keep({ unit, point });
  const kinds = [groupSnapshotKinds(table), snapshotKinds(table)].filter((one) => one !== undefined);
  await removeOldKept(run.api, kinds, { namespace: run.namespace, unit, keep: keepSnapshots, signal });
}

function withoutVolumes(objects: CapturedObjects, described: CapturedAll["described"]): CapturedAll {
  return { objects, described, moved: [], keep: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
}

/** Keeps findings back until it is known that they count. */
class HeldFindings {
  readonly #report: (finding: Finding) => void;
  #held: Finding[] | undefined = [];

  constructor(report: (finding: Finding) => void) {
    this.#report = report;
  }

  readonly report = (finding: Finding): void => {
    if (this.#held === undefined) this.#report(finding);
    else this.#held.push(finding);
  };

  release(): void {
    for (const finding of this.#held ?? []) this.#report(finding);
    this.#held = undefined;
  }
}
