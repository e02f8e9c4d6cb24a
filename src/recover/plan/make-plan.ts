/** Makes the plan of a restore: reads the point once, looks up what is there, and changes nothing. */
import type { Finding } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { describeId, keyOf, type ObjectId } from "../../kube/object-id.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { ResourceType } from "../../kube/resource-type.ts";
import type { PointSource } from "../point-source.ts";
import type { PreparedObject } from "../prepare/prepared.ts";
import { WAVES } from "../prepare/waves.ts";
import type { Preparation } from "../preparation.ts";
import { Selection } from "../selection.ts";
import { noteOf, type PlannedVolume } from "../volumes/planned-volume.ts";
import { type ChosenResource, chooseVersions } from "./choose-versions.ts";
import { decide } from "./decide.ts";
import { DEFINITIONS, definedResources } from "./defined-resources.ts";
import { digestOf } from "./digest.ts";
import { LiveObjects } from "./live-objects.ts";
import { otherThings } from "./other-things.ts";
import { NOT_ASKED, PLAN_FORMAT, type PlanEntry, type PlanOptions, type RestorePlan } from "./plan.ts";
import { beingDeleted, existsAlready, missingRightsError, nothingChosen, notServed, otherThingsThere, quotaExceeded } from "./refusals.ts";
import { shortages, StorageRequests } from "./quotas.ts";
import { missingRights, neededRights } from "./rights.ts";
import { NAMESPACES, TargetNamespaces } from "./target-namespaces.ts";

export interface PlanRequest {
  readonly api: KubeApi;
  readonly table: ResourceTable;
  /** Uid of the namespace kube-system. */
  readonly cluster: string;
  readonly source: PointSource;
  readonly options: PlanOptions;
  readonly preparation: Preparation;
  /** What is to be filled, by keyOf() of its claim: see plan-volumes.ts. The preparation is that of the volumes, too. */
  readonly volumes: ReadonlyMap<string, PlannedVolume>;
  readonly progress?: ProgressSink | undefined;
  readonly signal: AbortSignal;
}

/** A plan, and what is to be known to execute it. */
export interface PlannedRestore {
  readonly plan: RestorePlan;
  /** By keyOf(): of what is not skipped. */
  readonly byKey: ReadonlyMap<string, PlanEntry>;
  readonly resources: readonly ChosenResource[];
  readonly uids: PlannedUids;
  readonly volumes: readonly PlannedVolume[];
  readonly findings: readonly Finding[];
}

/** By uids of the point: owners are named by those. */
export interface PlannedUids {
  /** What is at the target already. */
  readonly live: ReadonlyMap<string, string>;
  readonly toBeWritten: ReadonlySet<string>;
}

/** @throws {DomainError} what stands in the way: see refusals.ts. Nothing has been changed then */
export async function makePlan(request: PlanRequest): Promise<PlannedRestore> {
  const { api, table, cluster, source, options, preparation, volumes, signal } = request;
  const defined = await definitionsIn(request);
  const resources = chooseVersions(source.resources, table, defined);
  const namespaces = new TargetNamespaces(api, signal);
  const live = new Map<string, string>();
  const toBeWritten = new Set<string>();
  const findings: Finding[] = [];
  const entries: PlanEntry[] = [];
  const storage = new StorageRequests();
  for await (const { entry, prepared } of entriesOf(request, resources, namespaces)) {
    entries.push(entry);
    if (prepared === undefined) continue;
    // What is replaced may get another one.
    const keepsUid = entry.live !== undefined && entry.action !== "replace";
    if (prepared.uid !== undefined && keepsUid) live.set(prepared.uid, entry.live.uid);
    if (prepared.uid !== undefined && entry.action !== "skip") toBeWritten.add(prepared.uid);
    if (entry.action !== "skip" && prepared.mentions.length > 0) findings.push(mentionsFinding(entry, prepared));
    if (entry.action === "create" && isClaim(entry)) storage.add(prepared);
  }
  await addNamespaces(entries, namespaces);
  entries.sort((left, right) => placeOf(left) - placeOf(right));
  // Who chooses single objects knows that there are others.
  if (options.existing === "fail" && options.only === undefined && options.volumes !== "only") {
    const planned = new Set(entries.map(({ id }) => keyOf(id)));
    for (const [namespace, isThere] of namespaces.known) {
      if (!isThere) continue;
      const found = await otherThings(api, { table, namespace, planned, prepare: preparation.plain, signal });
      if (found.length > 0) throw otherThingsThere(namespace, found);
    }
  }
  for (const [namespace, isThere] of namespaces.known) {
    const short = isThere ? await shortages(api, namespace, { entries, storage: storage.in(namespace) }, signal) : [];
    if (short.length > 0) throw quotaExceeded(short);
  }
  const missing = await missingRights(api, neededRights(entries), signal);
  if (missing.length > 0) throw missingRightsError(missing);
  return {
    plan: { format: PLAN_FORMAT, point: source.id, cluster, options, entries },
    byKey: new Map(entries.filter(({ action }) => action !== "skip").map((entry) => [keyOf(entry.id), entry])),
    resources,
    uids: { live, toBeWritten },
    volumes: [...volumes.values()],
    findings,
  };
}

async function* entriesOf(
  { api, source, options, preparation, volumes, progress, signal }: PlanRequest,
  resources: readonly ChosenResource[],
  namespaces: TargetNamespaces,
): AsyncGenerator<{ readonly entry: PlanEntry; readonly prepared?: PreparedObject }, void, undefined> {
  const selection = new Selection(options);
  const shared = new Set(source.dependencies.map(({ id }) => keyOf(id)));
  const totalItems = resources.reduce((sum, { captured }) => sum + captured.count, 0);
  const [exist, terminating]: [ObjectId[], ObjectId[]] = [[], []];
  const unserved = new Set<ChosenResource>();
  let doneItems = 0;
  for (const chosen of resources) {
    const { captured, served, state } = chosen;
    const live = new LiveObjects(api, namespaces, captured, signal);
    const resource = pathOnly(served ?? captured);
    for await (const point of source.objects(captured, signal)) {
      progress?.({ stage: "Planning", doneBytes: 0, doneItems: ++doneItems, totalItems });
      if (!selection.includes(captured.kind, point.name)) continue;
      const prepared = preparation.prepare(point);
      const pointId = { group: captured.group, kind: captured.kind, namespace: point.namespace, name: point.name };
      if (prepared.kind === "left-out") {
        yield { entry: { id: pointId, resource: point.resource, action: "skip", why: prepared.reason } };
        continue;
      }
      if (served === undefined) {
        unserved.add(chosen);
        continue;
      }
      const id = idOf(prepared);
      const found = state === "to-be-defined" ? undefined : await live.find(id);
      if (prepared.namespace !== undefined) await namespaces.exists(prepared.namespace);
      const isDependency = shared.has(keyOf(pointId));
      const volume = volumes.get(keyOf(id));
      const decision = decide({ prepared, original: point.object, live: found, isDependency }, options.existing, options.dependencies);
      if (decision.action === "exists" || decision.action === "terminating") {
        (decision.action === "exists" ? exist : terminating).push(id);
        continue;
      }
      const entry: PlanEntry = {
        id,
        resource,
        wave: prepared.wave,
        action: decision.action,
        ...(decision.why === undefined ? {} : { why: decision.why }),
        ...(decision.action === "skip" ? {} : { digest: digestOf(prepared), ...gradeOf(state, prepared, namespaces) }),
        ...(prepared.transforms === undefined ? {} : { transforms: prepared.transforms }),
        ...(found === undefined ? {} : { live: versionOf(found) }),
        ...(volume === undefined ? {} : { volume: noteOf(volume) }),
        ...(decision.isHalfDone === undefined ? {} : { isHalfDone: decision.isHalfDone }),
        ...(decision.difference === undefined ? {} : { changes: decision.difference.changes }),
      };
      yield { entry, prepared };
    }
  }
  if (unserved.size > 0) throw notServed([...unserved]);
  if (terminating.length > 0) throw beingDeleted(terminating);
  if (exist.length > 0) throw existsAlready(exist);
  if (selection.missing.length > 0) throw nothingChosen(selection.missing);
  preparation.assertUsed();
}

/** What cannot be asked of the server, as it has no place for it yet. */
function gradeOf(
  state: ChosenResource["state"],
  { namespace }: PreparedObject,
  namespaces: TargetNamespaces,
): Pick<PlanEntry, "doubt" | "grade"> {
  if (state === "to-be-defined") return { grade: "checked", doubt: "its definition is restored first" };
  if (namespace !== undefined && namespaces.known.get(namespace) === false)
    return { grade: "checked", doubt: "its namespace is made first" };
  return { grade: "checked", doubt: NOT_ASKED };
}

/** A namespace that the point does not bring, as when only some objects are chosen, is made as a plain one. */
async function addNamespaces(entries: PlanEntry[], namespaces: TargetNamespaces): Promise<void> {
  const brought = new Set(entries.filter(({ id }) => id.kind === "Namespace" && id.group === "").map(({ id }) => id.name));
  for (const [name, isThere] of namespaces.known) {
    if (isThere || brought.has(name)) continue;
    const id = { group: "", kind: "Namespace", namespace: undefined, name };
    entries.unshift({
      id,
      resource: pathOnly(NAMESPACES),
      wave: "definitions",
      action: "create",
      grade: "checked",
      doubt: "the server was not asked",
    });
  }
}

async function definitionsIn({ source, signal }: PlanRequest): Promise<readonly ResourceType[]> {
  const resource = source.resources.find(({ group, plural }) => group === DEFINITIONS.group && plural === DEFINITIONS.plural);
  if (resource === undefined) return [];
  const found: ResourceType[] = [];
  for await (const { object } of source.objects(resource, signal)) found.push(...definedResources(object));
  return found;
}

function isClaim({ id }: PlanEntry): boolean {
  return id.group === "" && id.kind === "PersistentVolumeClaim";
}

/** What is left out comes last. */
function placeOf({ wave }: PlanEntry): number {
  return wave === undefined ? WAVES.length : WAVES.indexOf(wave);
}

/** Text is not changed by guess: a person has to look. */
function mentionsFinding({ id }: PlanEntry, { mentions }: PreparedObject): Finding {
  const message = `Left as it is, though it speaks of a renamed namespace: ${mentions.join(", ")}`;
  return { grade: "info", code: "mentions_namespace", object: describeId(id), message };
}

export function idOf({ resource, object, namespace, name }: PreparedObject): ObjectId {
  return { group: resource.group, kind: textIn(object, "kind") ?? "", namespace, name };
}

function versionOf(live: JsonObject): { readonly uid: string; readonly resourceVersion: string } {
  const metadata = objectIn(live, "metadata");
  return { uid: textIn(metadata, "uid") ?? "", resourceVersion: textIn(metadata, "resourceVersion") ?? "" };
}

function pathOnly({ group, version, plural }: Pick<ResourceType, "group" | "plural" | "version">): PlanEntry["resource"] {
  return { group, version, plural };
}
