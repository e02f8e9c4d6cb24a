/** A swap from its plan to its end, and the way back from one, with their records. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { Ulid } from "../../base/ids.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import type { Location } from "../../location/location.ts";
import type { UnitPlace } from "../../location/units.ts";
import { takeOver } from "../../run/alive.ts";
import { continueRecord, listRuns, openRecord, type RecordedHeader, type RecordedRun, readRun, type RunRecord } from "../../run/records.ts";
import type { Run } from "../../run/run.ts";
import type { FilledVolume } from "../volumes/filled-volume.ts";
import { getVolume, policyOf } from "./kept-volumes.ts";
import { resume, type Resumed } from "./resume.ts";
import type { ClaimName } from "./steps.ts";
import { type ComingVolume, swap, type SwapContext, type SwapResult } from "./swap.ts";
import { lockNamespaces } from "./swap-lock.ts";
import { planSwap, type SwapClaim, type SwapPlan } from "./swap-plan.ts";
import { exchangedBy, isUndone, returningVolumes } from "./undo.ts";

export interface SwapRun {
  readonly run: Run;
  readonly table: ResourceTable;
  /** Id of the cluster. */
  readonly cluster: string;
  readonly location: Location;
  readonly place: Pick<UnitPlace, "path">;
  readonly ownersPaused: boolean;
  readonly waitMs: number;
  readonly report: FindingSink;
  readonly progress?: ProgressSink | undefined;
}

export interface SwapReport extends SwapResult {
  readonly run: Ulid;
}

/** Fills a new volume for a claim while the old one serves. */
export type FillFor = (claim: SwapClaim, signal: AbortSignal) => Promise<FilledVolume>;

/** Movers have a limit of their own. */
const MAX_AT_ONCE = 32;

/**
 * @param point The restore point, for the record
 * @throws {DomainError} as planSwap() and swap() do; conflict/swap_in_progress
 */
export async function runSwap(request: SwapRun, point: string, claims: readonly ClaimName[], fill: FillFor): Promise<SwapReport> {
  const { run, cluster, location, place } = request;
  await endKilledRuns(request);
  await using _ = await lockNamespaces(run, namespacesOf(claims));
  const plan = await plannedFor(request, claims);
  const header = { id: run.id, kind: "swap", point, cluster, namespace: run.namespace } as const;
  const record = await openRecord(location, place, header, { clock: run.api.clock, signal: run.signal });
  const coming = new Map<SwapClaim, ComingVolume>();
  try {
    await forEachConcurrent(plan.claims, { limit: MAX_AT_ONCE, signal: run.signal }, async (claim, signal) => {
      coming.set(claim, await filledFor(run, await fill(claim, signal)));
    });
  } catch (error) {
    await failed(record, error);
    throw error;
  }
  const result = await swap(contextOf(request, record), plan, (claim) => comingOf(coming, claim));
  return { run: run.id, ...result };
}

/**
 * Puts the volumes back that a run has set aside. One that was killed is ended instead.
 *
 * @returns undefined: the claims have them already
 * @throws {DomainError} unsupported/run_cannot_undo, as returningVolumes() and swap() do
 */
export async function runUndo(request: SwapRun, of: RecordedRun): Promise<SwapReport | Resumed | undefined> {
  const { run, cluster, location, place } = request;
  const { id, kind } = of.header;
  if (kind !== "swap" && kind !== "undo") {
    throw new DomainError("unsupported", "run_cannot_undo", `Cannot undo run ${id}: it is a ${kind}, which exchanged no volumes`);
  }
  if (of.end === undefined) {
    return endSwap(request, of.header);
  }
  const exchanged = exchangedBy(of);
  if (of.end.outcome !== "succeeded") return undefined;
  const names = exchanged.map(({ claim }) => claim);
  await endKilledRuns(request);
  await using _ = await lockNamespaces(run, namespacesOf(names));
  const plan = await plannedFor(request, names);
  if (isUndone(plan.claims, exchanged)) return undefined;
  const returning = await returningVolumes(run.api, id, plan.claims, exchanged, run.signal);
  const header = { id: run.id, kind: "undo", of: id, cluster, namespace: run.namespace } as const;
  const record = await openRecord(location, place, header, { clock: run.api.clock, signal: run.signal });
  return { run: run.id, ...(await swap(contextOf(request, record), plan, returning)) };
}

/** Ends a swap, or the way back from one, that was killed. @throws {DomainError} conflict/run_alive: it was not */
export async function endSwap(request: SwapRun, header: RecordedHeader): Promise<Resumed> {
  const { run, location } = request;
  await takeOver(run.api, header, run.signal);
  return resumeRun(request, await readRun(location, header, { signal: run.signal }));
}

async function resumeRun(request: SwapRun, of: RecordedRun): Promise<Resumed> {
  const record = continueRecord(request.location, of, request.run.api.clock);
  return resume(contextOf(request, record), of);
}

/** Runs that were killed in mid-exchange on this unit: nothing new begins before their volumes are where they belong. */
async function endKilledRuns(request: SwapRun): Promise<void> {
  const { run, cluster, location, place, report } = request;
  for (const header of await openSwaps(location, place.path, { signal: run.signal })) {
    if (header.cluster !== cluster) continue;
    const { outcome } = await endSwap(request, header);
    const end = outcome === "succeeded" ? "brought to its end" : "rolled back";
    report({ grade: "info", code: "run_resumed", object: `run ${header.id}`, message: `Was killed, and is ${end} now` });
  }
}

/** Those that have no end. @param path Of a unit; undefined: of all */
export async function openSwaps(
  location: Location,
  path: string | undefined,
  options: { readonly signal: AbortSignal },
): Promise<readonly RecordedHeader[]> {
  const runs = await listRuns(location, path, options);
  return runs.flatMap(({ header, end }) => (end === undefined && (header.kind === "swap" || header.kind === "undo") ? [header] : []));
}

async function plannedFor({ run, table, ownersPaused }: SwapRun, claims: readonly ClaimName[]): Promise<SwapPlan> {
  return planSwap({ api: run.api, table, claims, ownersPaused, signal: run.signal });
}

async function filledFor({ api, signal }: Run, { claim, persistentVolume }: FilledVolume): Promise<ComingVolume> {
  const volume = await getVolume(api, persistentVolume, signal);
  return { name: persistentVolume, before: claim, policy: policyOf(volume), setAside: undefined };
}

function comingOf(coming: ReadonlyMap<SwapClaim, ComingVolume>, claim: SwapClaim): ComingVolume {
  const found = coming.get(claim);
  if (found === undefined) throw new Error(`no volume was filled for ${claim.name.name}`);
  return found;
}

async function failed(record: RunRecord, error: unknown): Promise<void> {
  const { code, message } = error instanceof DomainError ? error : { code: "internal", message: String(error) };
  // It is told in any case.
  await record.end("failed", { error: { code, message } }, {}).catch(() => undefined);
}

function contextOf({ run, waitMs, report, progress }: SwapRun, record: RunRecord): SwapContext {
  return { api: run.api, record, waitMs, report, progress, signal: run.signal };
}

function namespacesOf(claims: readonly ClaimName[]): readonly string[] {
  return claims.map(({ namespace }) => namespace);
}
