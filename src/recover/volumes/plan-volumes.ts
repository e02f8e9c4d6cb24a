/** Which claims of a point get data, from where, and into what; checked before anything is changed. */
import type { Finding } from "../../base/finding.ts";
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { describeId, keyOf } from "../../kube/object-id.ts";
import { wholeQuantity } from "../../kube/quantity.ts";
import { nameOf } from "../../kube/resource-type.ts";
import type { PointDescription, PointVolume } from "../../point/description.ts";
import type { PointObject } from "../../point/point-object.ts";
import type { PlanOptions } from "../plan/plan.ts";
import type { PointSource, Prepare } from "../point-source.ts";
import { Selection } from "../selection.ts";
import { limitOf } from "./driver-limits.ts";
import { usableSnapshot } from "./local-snapshot.ts";
import type { PlannedVolume, VolumeOrigin } from "./planned-volume.ts";
import { boundVolumeOf, CLAIMS } from "./storage-objects.ts";
import { defaultClass, driversOf, type TargetClass, targetClasses } from "./target-class.ts";
import {
  accessModeUnsupported,
  classMakesNone,
  classMissing,
  classUnguarded,
  modeUnsupported,
  noDefaultClass,
  optionUnmatched,
  tooSmall,
  waitsForAnother,
} from "./volume-refusals.ts";
import { changedClaim, type ClaimChanges, sourceName, sourceOfClaim, waitingClaim } from "./waiting-claim.ts";

export interface VolumeRequest {
  readonly api: KubeApi;
  readonly source: PointSource;
  readonly description: Pick<PointDescription, "id" | "volumes">;
  readonly prepare: Prepare;
  readonly options: PlanOptions;
  readonly isSameCluster: boolean;
  /** Of Holdfast. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

export interface VolumePlan {
  /** Claims that get data wait for it; all else as before. */
  readonly prepare: Prepare;
  /** By keyOf() of the claim at the target. */
  readonly volumes: ReadonlyMap<string, PlannedVolume>;
  readonly findings: readonly Finding[];
}

/** Has no volumes: nothing of them is in the cluster. */
const NO_PROVISIONER = "kubernetes.io/no-provisioner";

/** @throws {DomainError} what stands in the way: see volume-refusals.ts */
export async function planVolumes(request: VolumeRequest): Promise<VolumePlan> {
  const { source, description, prepare, options, signal } = request;
  const captured = new Map(description.volumes.map((volume) => [`${volume.namespace}/${volume.claim}`, volume]));
  const withData = (object: PointObject): PointVolume | undefined => {
    const volume = isClaim(object) ? captured.get(`${object.namespace ?? ""}/${object.name}`) : undefined;
    return options.volumes === "none" || volume?.data === undefined ? undefined : volume;
  };
  const planner = new Planner(request);
  const selection = new Selection(options);
  for (const resource of source.resources) {
    if (nameOf(resource) !== nameOf(CLAIMS)) continue;
    for await (const object of source.objects(resource, signal)) {
      if (!selection.includes(CLAIMS.kind, object.name)) continue;
      const volume = withData(object);
      if (volume !== undefined) await planner.add(object, volume);
      else await planner.addEmpty(object, captured.get(`${object.namespace ?? ""}/${object.name}`));
    }
  }
  planner.assertOptionsUsed();
  const { volumes, findings } = planner;
  return {
    volumes,
    findings,
    prepare(object) {
      const prepared = prepare(object);
      if (prepared.kind === "left-out" || withData(object) === undefined) return prepared;
      const changes = changesFor(object.name, options);
      const isFilled = volumes.has(claimKey(prepared));
      const changed = isFilled ? waitingClaim(prepared.object, description.id, changes) : changedClaim(prepared.object, changes);
      return { ...prepared, object: changed };
    },
  };
}

class Planner {
  readonly volumes = new Map<string, PlannedVolume>();
  readonly findings: Finding[] = [];
  readonly #request: VolumeRequest;
  readonly #known = new Set<string>();
  readonly #live = new Map<string, ReadonlyMap<string, JsonObject>>();
  #classes: ReadonlyMap<string, TargetClass> | undefined;
  #drivers: { readonly names: ReadonlySet<string> | undefined } | undefined;

  constructor(request: VolumeRequest) {
    this.#request = request;
  }

  async add(object: PointObject, volume: PointVolume): Promise<void> {
    const { prepare, options, description } = this.#request;
    const prepared = prepare(object);
    if (prepared.kind === "left-out" || prepared.namespace === undefined) return;
    this.#known.add(object.name);
    const claim = { namespace: prepared.namespace, name: prepared.name };
    const live = (await this.#liveIn(claim.namespace)).get(claim.name);
    if (live !== undefined && !this.#isStillWaiting(claim, live)) return;
    const wanted = waitingClaim(prepared.object, description.id, changesFor(object.name, options));
    const target = await this.#classFor(claim, wanted);
    const spec = objectIn(wanted, "spec");
    const mode = textIn(spec, "volumeMode") === "Block" ? "Block" : "Filesystem";
    const accessModes = listIn(spec, "accessModes").filter((one) => typeof one === "string");
    const limit = limitOf(target.provisioner, { mode, accessModes });
    if (limit === "mode") throw modeUnsupported(claim, target.name, mode);
    if (limit === "access-mode") throw accessModeUnsupported(claim, target.name);
    const from = await this.#originOf(claim, volume, target);
    const attributesClass = textIn(spec, "volumeAttributesClassName");
    this.volumes.set(claimKey(prepared), {
      captured: volume,
      claim,
      from,
      shape: {
        storageClass: target.name,
        size: sizeFor(claim, volume, wanted, options.volumeSizes?.[object.name]),
        accessModes,
        mode,
        ...(attributesClass === undefined ? {} : { attributesClass }),
      },
      isLate: target.isLate,
      isResumed: live !== undefined,
    });
  }

  /** A claim that the point has no data for. */
  async addEmpty(object: PointObject, volume: PointVolume | undefined): Promise<void> {
    const { prepare, options } = this.#request;
    const prepared = prepare(object);
    // Of a database that was dumped, the dump is loaded.
    if (prepared.kind === "left-out" || prepared.namespace === undefined || volume?.method === "stream") return;
    const claim = { namespace: prepared.namespace, name: prepared.name };
    if ((await this.#liveIn(claim.namespace)).has(claim.name)) return;
    const reason = volume === undefined || volume.why === "" ? "" : ` (${volume.why})`;
    const why = options.volumes === "none" ? "data of volumes is not restored" : `the point has no data of it${reason}`;
    this.#report("info", "volume_empty", claim, `Its volume is new and empty: ${why}`);
  }

  assertOptionsUsed(): void {
    const { volumeSizes = {}, accessModes = {} } = this.#request.options;
    for (const [option, given] of [
      ["--volume-size", volumeSizes],
      ["--access-mode", accessModes],
    ] as const) {
      const unknown = Object.keys(given).find((name) => !this.#known.has(name));
      if (unknown !== undefined) throw optionUnmatched(option, unknown, [...this.#known]);
    }
  }

  /** A claim that has a volume keeps it: what is in use is exchanged, never written over. */
  #isStillWaiting(claim: PlannedVolume["claim"], live: JsonObject): boolean {
    const { description } = this.#request;
    const waitsFor = sourceOfClaim(live);
    const isBound = boundVolumeOf(live) !== undefined || textIn(objectIn(live, "spec"), "volumeName") !== undefined;
    if (!isBound && waitsFor === sourceName(description.id)) return true;
    if (!isBound && waitsFor !== undefined) throw waitsForAnother(claim);
    const why = isBound
      ? "it is there with a volume of its own: --swap puts the data of the point in its place"
      : "it is there, and not bound to a volume: delete it to have it restored";
    // What this very point was restored to is as it should be, as far as anybody knows.
    if (waitsFor !== sourceName(description.id)) this.#report("info", "volume_kept", claim, `Its data is left as it is: ${why}`);
    return false;
  }

  async #classFor(claim: PlannedVolume["claim"], wanted: JsonObject): Promise<TargetClass> {
    const { api, source, prepare, signal } = this.#request;
    this.#classes ??= await targetClasses({ api, source, prepare, signal });
    const name = textIn(objectIn(wanted, "spec"), "storageClassName");
    if (name === "") throw classMakesNone(claim, undefined);
    const found = name === undefined ? defaultClass(this.#classes) : this.#classes.get(name);
    if (found === undefined) {
      throw name === undefined ? noDefaultClass(claim) : classMissing(claim, name, [...this.#classes.keys()]);
    }
    if (found.provisioner === NO_PROVISIONER) throw classMakesNone(claim, found.name);
    this.#drivers ??= { names: await driversOf(api, signal) };
    if (this.#drivers.names?.has(found.provisioner) === false) throw classUnguarded(claim, found);
    return found;
  }

  async #originOf(claim: PlannedVolume["claim"], volume: PointVolume, target: TargetClass): Promise<VolumeOrigin> {
    const snapshot = volume.data?.snapshot;
    if (snapshot === undefined) return { kind: "repository" };
    const { api, namespace, isSameCluster, signal } = this.#request;
    const usable = await usableSnapshot(snapshot, volume, target, { api, namespace, isSameCluster, signal });
    if ("name" in usable) return { kind: "snapshot", name: usable.name };
    this.#report(
      "info",
      "local_snapshot_unusable",
      claim,
      `Its data comes from the repository, not from the local snapshot "${snapshot.name}": ${usable.why}`,
    );
    return { kind: "repository" };
  }

  async #liveIn(namespace: string): Promise<ReadonlyMap<string, JsonObject>> {
    const known = this.#live.get(namespace);
    if (known !== undefined) return known;
    const { api, signal } = this.#request;
    const found = new Map<string, JsonObject>();
    for await (const { items } of listPages(api, CLAIMS, { namespace, signal })) {
      for (const item of items) found.set(textIn(objectIn(item, "metadata"), "name") ?? "", item);
    }
    this.#live.set(namespace, found);
    return found;
  }

  #report(grade: Finding["grade"], code: string, { namespace, name }: PlannedVolume["claim"], message: string): void {
    this.findings.push({ grade, code, object: describeId({ ...CLAIMS, namespace, name }), message });
  }
}

/**
 * As much as the claim asks for, and at least what the volume had: storage rounds up, and what was written counts on that.
 *
 * @throws {DomainError} usage/volume_size
 */
export function sizeFor(
  claim: PlannedVolume["claim"],
  { capacityBytes, data }: PointVolume,
  wanted: JsonObject,
  given: string | undefined,
): string {
  const least = Math.max(capacityBytes, data?.snapshot?.sizeBytes ?? 0);
  const size = textIn(objectIn(objectIn(objectIn(wanted, "spec"), "resources"), "requests"), "storage") ?? "";
  if ((wholeQuantity(size) ?? 0) >= least) return size;
  if (given !== undefined) throw tooSmall(claim, given, least);
  return String(least);
}

function changesFor(name: string, { volumeSizes, accessModes }: PlanOptions): ClaimChanges {
  return { size: volumeSizes?.[name], accessMode: accessModes?.[name] };
}

function isClaim({ resource }: PointObject): boolean {
  return nameOf(resource) === nameOf(CLAIMS);
}

function claimKey({ namespace, name }: { readonly namespace: string | undefined; readonly name: string }): string {
  return keyOf({ ...CLAIMS, namespace, name });
}
