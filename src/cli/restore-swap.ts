/** `holdfast restore --swap`: the volumes of a point in the place of live ones. */
import type { Command } from "commander";
import { formatBytes } from "../base/byte-size.ts";
import { DomainError } from "../base/errors.ts";
import { identifyCluster } from "../capture/cluster-identity.ts";
import { discover } from "../kube/discovery.ts";
import { idOfObject, shortId } from "../kube/object-id.ts";
import { fillVolume, type VolumeContent } from "../recover/volumes/filled-volume.ts";
import type { PlannedVolume } from "../recover/volumes/planned-volume.ts";
import { planSwapVolumes } from "../recover/swap/plan-swap-volumes.ts";
import { type FillFor, runSwap, type SwapReport } from "../recover/swap/run-swap.ts";
import { describeScaler, type Scaler } from "../recover/swap/scalers.ts";
import { planSwap, type SwapClaim, type SwapPlan } from "../recover/swap/swap-plan.ts";
import { openCluster } from "./cluster-options.ts";
import type { CommandContext } from "./context.ts";
import { formatElapsed, parseDuration } from "./duration.ts";
import { withPoint } from "./find-point.ts";
import { runOnLocation } from "./location-run.ts";
import { readMoverOptions } from "./mover-options.ts";
import { writeResult } from "./output.ts";
import { counted } from "./shown.ts";
import { formatTable } from "./table.ts";
import { withFilling } from "./volume-filling.ts";

export interface RestoreSwapOptions {
  readonly toNamespace?: string | undefined;
  /** Claims, by kind and name. */
  readonly only: readonly string[] | undefined;
  readonly ownersPaused: boolean;
  readonly dryRun: boolean;
  readonly wait: string | false;
}

const DEFAULT_WAIT_MS = 300_000;

export async function restoreSwap(name: string, given: RestoreSwapOptions, command: Command, context: CommandContext): Promise<void> {
  const { signal, clock } = context;
  const movers = readMoverOptions(command, context);
  const waitMs = given.wait === false ? DEFAULT_WAIT_MS : parseDuration(given.wait);
  await using api = await openCluster(command, context);
  await runOnLocation(command, context, async (run) => {
    const { report, display, format } = run;
    const startMs = clock.monotonicMs();
    const [table, cluster] = await Promise.all([discover(api, signal), identifyCluster(api, signal)]);
    await withPoint(run, name, async (point, { place }, session) => {
      const { description } = point;
      const isSameCluster = description.cluster.id === cluster.id;
      const { toNamespace, only, ownersPaused } = given;
      const { namespace } = movers;
      const volumes = await planSwapVolumes({ api, description, toNamespace, only, isSameCluster, namespace, report, signal });
      const claims = volumes.map(({ claim }) => claim);
      // What is in the way is said before anything is made.
      const plan = await planSwap({ api, table, claims, ownersPaused, signal });
      if (given.dryRun) {
        writeResult(context, format, { dryRun: true, ...planJson(plan, volumes), findings: run.findings }, () => planText(plan, volumes));
        return;
      }
      const filling = { kind: "restore", run, api, session, place, point, volumes, movers } as const;
      await withFilling(filling, async (tools) => {
        if (tools === undefined) return;
        const fill: FillFor = async ({ name: claim, object, node }, either) => {
          const volume = volumes.find((one) => one.claim.namespace === claim.namespace && one.claim.name === claim.name);
          if (volume === undefined) throw new Error("a volume is filled that was not planned");
          const content: VolumeContent = volume.from.kind === "snapshot" ? volume.from : { kind: "tree", ...tools.contentOf(volume) };
          const { shape } = volume;
          const request = { claim: { ...claim, object }, shape, content, selectedNode: node, progress: display.sink, signal: either };
          return fillVolume(tools.context, request);
        };
        const swapRun = {
          run: tools.context.run,
          table,
          cluster: cluster.id,
          location: run.location,
          place,
          ownersPaused,
          waitMs,
          report,
          progress: display.sink,
        };
        const done = await runSwap(swapRun, description.id, claims, fill);
        const totalMs = Math.round(clock.monotonicMs() - startMs);
        const value = { point: description.id, ...done, totalMs, findings: run.findings };
        writeResult(context, format, value, () => swapText(`Restored volumes of point ${description.id}`, done, totalMs));
      });
    });
  });
}

const OTHERS: ReadonlySet<string> = new Set([
  "namePrefix",
  "storageClass",
  "transform",
  "existing",
  "dependencies",
  "objectsOnly",
  "volumeSize",
  "accessMode",
  "plan",
  "path",
  "maxSpeed",
]);

/** What a swap cannot be told. @throws {DomainError} usage/swap_options */
export function assertSwapOptions(command: Command): void {
  const isGiven = (name: string): boolean => OTHERS.has(name) && command.getOptionValueSource(name) === "cli";
  const flags = command.options.filter((option) => isGiven(option.attributeName())).map(({ long }) => long);
  if (flags.length === 0) return;
  throw new DomainError("usage", "swap_options", `Cannot exchange volumes with ${flags.join(", ")}: claims stay as they are`, {
    hint: "Leave that out, or restore without --swap",
  });
}

/** The end of a swap, whichever way it went. */
export function swapText(what: string, { claims, downtimeMs, paused, run }: SwapReport, totalMs: number): string {
  const rows = claims.map((claim) => [`${claim.namespace}/${claim.name}`, claim.volume, claim.setAside]);
  const during = paused.length === 0 ? "" : `, ${paused.join(", ")} paused meanwhile`;
  return [
    formatTable([{ title: "Claim" }, { title: "Volume" }, { title: "Set aside" }], rows),
    `${what} in ${formatElapsed(totalMs)}: not served for ${formatElapsed(downtimeMs)}${during}`,
    `Run ${run}: "holdfast run undo ${run}" puts back what is set aside, "holdfast run release ${run}" deletes it`,
  ].join("\n");
}

function planJson({ claims, workloads, scalers }: SwapPlan, volumes: readonly PlannedVolume[]): Readonly<Record<string, unknown>> {
  return {
    claims: claims.map(({ name, volume, node }) => {
      const planned = volumeFor(volumes, name);
      const { shape, from, captured } = planned;
      return {
        ...name,
        volume: idOfObject(volume).name,
        node: node ?? null,
        from: from.kind,
        size: shape.size,
        bytes: captured.data?.bytes ?? 0,
      };
    }),
    stops: workloads.flatMap(({ object, stop }) => (stop === undefined ? [] : [idOfObject(object)])),
    pauses: scalers.filter(({ pause }) => pause !== undefined).map(({ id }) => id),
    paused: scalers.filter(({ pause }) => pause === undefined).map(({ id }) => id),
  };
}

function planText({ claims, workloads, scalers }: SwapPlan, volumes: readonly PlannedVolume[]): string {
  const rows = claims.map(({ name, volume }) => {
    const { shape, from, captured } = volumeFor(volumes, name);
    const where = from.kind === "snapshot" ? "local snapshot" : "repository";
    return [`${name.namespace}/${name.name}`, idOfObject(volume).name, shape.size, formatBytes(captured.data?.bytes ?? 0), where];
  });
  const columns = [
    { title: "Claim" },
    { title: "Set aside" },
    { title: "New", align: "right" },
    { title: "Data", align: "right" },
    { title: "From" },
  ] as const;
  const stops = workloads.filter(({ stop }) => stop !== undefined).map(({ object }) => shortId(idOfObject(object)));
  return [
    formatTable(columns, rows),
    "",
    `Would fill ${counted(claims.length, "new volume")} while the old ones serve, then stop ${stops.length === 0 ? "nothing" : stops.join(", ")} and exchange them`,
    ...scalers.map(scalerText),
  ].join("\n");
}

function scalerText(scaler: Scaler): string {
  const what = describeScaler(scaler);
  if (scaler.pause !== undefined) return `Would pause ${what}`;
  return scaler.inTheWay === undefined ? `Not in the way: ${what}` : `Paused, as --owners-paused says: ${what}`;
}

function volumeFor(volumes: readonly PlannedVolume[], { namespace, name }: SwapClaim["name"]): PlannedVolume {
  const found = volumes.find(({ claim }) => claim.namespace === namespace && claim.name === name);
  if (found === undefined) throw new Error(`there is no volume for claim ${name}`);
  return found;
}
