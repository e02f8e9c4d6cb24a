/** What a backup needs in the cluster to copy volumes: a run there, its movers, and a proof that they reach the location, before anything is changed. */
import { namespacesOf, type Unit } from "../application/unit.ts";
import type { UnitVolumes } from "../capture/capture-all.ts";
import { getIfThere } from "../capture/volumes/survey.ts";
import type { VolumeTools } from "../capture/volumes/volume-capture.ts";
import { DomainError } from "../base/errors.ts";
import type { FindingSink } from "../base/finding.ts";
import type { Location } from "../location/location.ts";
import type { UnitPlace } from "../location/units.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { openMovers } from "../mover/job/open-movers.ts";
import { moverLocation } from "../mover/job/mover-location.ts";
import type { MoverLocation, Movers } from "../mover/movers.ts";
import { probeLocation } from "../mover/job/probe-location.ts";
import { openRun } from "../run/open-run.ts";
import type { Run } from "../run/run.ts";
import type { MoverOptions } from "./mover-options.ts";
import type { RepositoryRun } from "./repository-run.ts";
import type { VolumeOptions } from "./volume-options.ts";

export interface VolumeToolsOptions {
  readonly api: KubeApi;
  readonly unit: Unit;
  readonly location: Location;
  readonly place: UnitPlace;
  readonly opened: RepositoryRun;
  readonly movers: MoverOptions;
  readonly volumes: VolumeOptions;
}

const NAMESPACES = { group: "", version: "v1", plural: "namespaces" };

/** Made when they are asked for first, and ended with `closing`. */
export function volumeTools(options: VolumeToolsOptions, closing: AsyncDisposableStack): UnitVolumes["tools"] {
  let tools: VolumeTools | undefined;
  let sink: FindingSink = options.opened.report;
  const report: FindingSink = (finding) => sink(finding);
  return async (plan, latest) => {
    sink = latest;
    const isLive = plan.volumes.some(({ method }) => method === "live");
    if (tools !== undefined && (!isLive || tools.live !== undefined)) return tools;
    const { location, place, opened, movers, volumes } = options;
    const { environment, signal } = opened.context;
    const reached = await moverLocation({ location, place, repository: opened.repository, environment, signal });
    if (isLive) await requireNamespace(options, liveNamespace(movers.namespace));
    const main = tools ?? (await openPlace(options, { namespace: movers.namespace, location: reached, report }, closing));
    const live = isLive
      ? await openPlace(options, { namespace: liveNamespace(movers.namespace), location: reached, report }, closing)
      : undefined;
    const { quiesceLimitMs, snapshotTimeoutMs, keepSnapshots } = volumes;
    const proven = Promise.all([main.proven, live?.proven]);
    proven.catch(() => undefined); // thrown where it is awaited
    tools = { ...main, live, proven, moverLimit: movers.limit, quiesceLimitMs, snapshotTimeoutMs, keepSnapshots };
    return tools;
  };
}

interface Place {
  readonly run: Run;
  readonly movers: Movers;
  readonly proven: Promise<unknown>;
}

async function openPlace(
  { api, unit, opened, movers: { image, limit } }: VolumeToolsOptions,
  { namespace, location, report }: { readonly namespace: string; readonly location: MoverLocation; readonly report: FindingSink },
  closing: AsyncDisposableStack,
): Promise<Place> {
  const { clock, signal } = opened.context;
  const run = closing.use(await openRun(api, { kind: "backup", namespace, unit: unit.name, clock, report, signal }));
  const movers = openMovers({ run, image, location, limit, report });
  // Objects may be listed meanwhile.
  const proven = probeLocation(movers, { location, writes: true, signal: run.signal });
  proven.catch(() => undefined); // thrown where it is awaited
  return { run, movers, proven };
}

/** Where folders of nodes are mounted. */
export function liveNamespace(namespace: string): string {
  return `${namespace}-live`;
}

/** Who may make pods there can read what is on the nodes: it is made by a person, and only where it is wanted. */
async function requireNamespace({ api, unit, opened }: VolumeToolsOptions, name: string): Promise<void> {
  if ((await getIfThere(api, NAMESPACES, { name }, opened.context.signal)) !== undefined) return;
  const where = namespacesOf(unit).join(", ");
  throw new DomainError(
    "unsupported",
    "live_namespace",
    `Cannot read volumes of ${where} while they are in use: namespace "${name}" is missing`,
    {
      hint: `Movers there mount folders of nodes, so make it yourself: kubectl create namespace ${name} && kubectl label namespace ${name} pod-security.kubernetes.io/enforce=privileged`,
    },
  );
}
