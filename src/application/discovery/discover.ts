/** The units of a cluster, and the applications found inside of them. */
import { DomainError } from "../../base/errors.ts";
import { objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { getObject } from "../../kube/objects.ts";
import type { MembershipRules } from "../membership.ts";
import { builtInMaker } from "../owners.ts";
import type { DeclaredUnit, Unit } from "../unit.ts";
import { groupViews } from "../views/group-views.ts";
import type { ObjectFacts } from "../views/object-facts.ts";
import type { View } from "../views/view.ts";
import { type NamespaceSurvey, type Survey, survey, type SurveyOptions } from "./survey.ts";

export interface Counts {
  readonly objects: number;
  /** What people have made to run; not what those have made. */
  readonly workloads: number;
  readonly ready: number;
  readonly claims: number;
}

export interface FoundView {
  readonly view: View;
  readonly counts: Counts;
}

export interface FoundUnit {
  readonly unit: Unit;
  readonly views: readonly FoundView[];
  /** undefined: nobody counted. */
  readonly counts: Counts | undefined;
}

const NAMESPACES = { group: "", version: "v1", plural: "namespaces", kind: "Namespace" };
const EMPTY: NamespaceSurvey = { facts: [], applications: [], claimOwner: () => undefined };

/**
 * Namespaces first, then declared units in the order of their file, then the unit `cluster`, whose objects are not counted. With a
 * namespace only what is in it.
 *
 * @throws {DomainError} not-found/namespace_not_found
 * @throws {DomainError} forbidden/kube_forbidden: namespaces may not be listed, and none was named
 */
export async function discoverUnits(
  api: KubeApi,
  rules: MembershipRules,
  declared: readonly DeclaredUnit[],
  options: SurveyOptions,
): Promise<readonly FoundUnit[]> {
  const names = await namespaceNames(api, options);
  const seen = await survey(api, rules, options);
  const namespaces = names.map((name): FoundUnit => {
    const notes = seen.namespaces.get(name) ?? EMPTY;
    const views = groupViews(name, notes.facts, notes).map((view) => ({ view, counts: countsOf(view.members, seen) }));
    return { unit: { kind: "namespace", name }, views, counts: countsOf(notes.facts, seen) };
  });
  const concerned = declared.filter(({ namespaces: places }) => options.namespace === undefined || places.includes(options.namespace));
  const units = concerned.map((unit): FoundUnit => ({ unit, views: [], counts: countsOf(seen.declared.get(unit) ?? [], seen) }));
  const cluster: FoundUnit = { unit: { kind: "cluster", name: "cluster" }, views: [], counts: undefined };
  return [...namespaces, ...units, ...(options.namespace === undefined ? [cluster] : [])];
}

async function namespaceNames(api: KubeApi, { namespace, signal }: SurveyOptions): Promise<readonly string[]> {
  if (namespace !== undefined) {
    if (await hasNamespace(api, namespace, signal)) return [namespace];
    throw new DomainError(
      "not-found",
      "namespace_not_found",
      `Cannot look into namespace "${namespace}": the cluster has none of that name`,
      {
        hint: 'Run "holdfast app list" to see what there is',
      },
    );
  }
  const names: string[] = [];
  try {
    for await (const { items } of listPages(api, NAMESPACES, { isMetadataOnly: true, signal })) {
      names.push(...items.map((item) => textIn(objectIn(item, "metadata"), "name") ?? ""));
    }
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind !== "forbidden") throw error;
    const { kind, code, message, details, cause, hint = "" } = error;
    throw new DomainError(kind, code, message, {
      details,
      cause,
      hint: `${hint}${hint === "" ? "Name" : ", or name"} one with --namespace`,
    });
  }
  return names;
}

/** Whoever may look into a namespace need not have the right to see it: then it is taken to be there. */
export async function hasNamespace(api: KubeApi, name: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await getObject(api, NAMESPACES, { name }, { signal });
    return true;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === "kube_not_found") return false;
    if (error.kind !== "forbidden") throw error;
    return true;
  }
}

const WORKLOADS: ReadonlySet<string> = new Set([
  " Pod",
  " ReplicationController",
  "apps DaemonSet",
  "apps Deployment",
  "apps ReplicaSet",
  "apps StatefulSet",
  "batch CronJob",
  "batch Job",
]);

export function isWorkload({ id, owners }: Pick<ObjectFacts, "id" | "owners">): boolean {
  return WORKLOADS.has(`${id.group} ${id.kind}`) && builtInMaker(id, owners) === undefined;
}

function countsOf(facts: readonly ObjectFacts[], { isReady }: Survey): Counts {
  const workloads = facts.filter(isWorkload);
  return {
    objects: facts.length,
    workloads: workloads.length,
    ready: workloads.filter(({ uid }) => isReady(uid)).length,
    claims: facts.filter(({ id }) => id.group === "" && id.kind === "PersistentVolumeClaim").length,
  };
}
