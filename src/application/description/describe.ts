/** Looks through the members of an application once and gathers all that can be said of it. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import type { FindingSink } from "../../base/finding.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import { nameOf } from "../../kube/resource-type.ts";
import { type Dependencies, DependencyCollector } from "../dependencies/collector.ts";
import type { Target } from "../discovery/find-target.ts";
import { isHidden } from "../hidden.ts";
import type { MembershipRules } from "../membership.ts";
import { ReleaseCollector } from "../releases/collector.ts";
import type { Release } from "../releases/release.ts";
import type { Contents } from "./app-description.ts";
import { Describer } from "./describer.ts";

export interface AppDescription {
  readonly target: Target;
  readonly contents: Contents;
  readonly releases: readonly Release[];
  readonly dependencies: Dependencies;
}

const CONCURRENT_LISTS = 6;

/** What may not be seen is reported, and the rest described. */
export async function describeApp(
  api: KubeApi,
  table: ResourceTable,
  rules: MembershipRules,
  target: Target,
  options: { readonly report: FindingSink; readonly signal?: AbortSignal | undefined },
): Promise<AppDescription> {
  const { report, signal } = options;
  const { lists, membership } = rules.scopeOf(target.unit);
  const uids = target.view === undefined ? undefined : new Set(target.view.members.map(({ uid }) => uid));
  const isOfView = (object: JsonObject): boolean => uids?.has(textIn(objectIn(object, "metadata"), "uid") ?? "") ?? true;
  const dependencies = new DependencyCollector(rules, target.unit, uids === undefined ? undefined : isOfView);
  const describer = new Describer();
  // What is left out belongs to a namespace, or the cluster, but to no application in it.
  const isWhole = uids === undefined && target.unit.kind !== "declared";
  const releases = new ReleaseCollector();
  const take = (object: JsonObject): void => {
    const is = membership(object);
    if (is.kind === "left-out" && isWhole) describer.leaveOut(is.reason);
    if (is.kind === "left-out" || is.kind === "elsewhere" || !isOfView(object)) return;
    for (const collector of [describer, releases, dependencies]) collector.add(object);
  };
  await forEachConcurrent(lists, { limit: CONCURRENT_LISTS, signal }, async ({ resource, ...list }, either) => {
    try {
      for await (const { items } of listPages(api, resource, { ...list, signal: either })) items.forEach(take);
    } catch (error) {
      if (!isHidden(error)) throw error;
      report({ grade: "partial", code: "kind_forbidden", object: nameOf(resource), message: error.message });
    }
  });
  const outside = await dependencies.dependencies(api, table, signal);
  for (const finding of outside.findings) report(finding);
  return { target, contents: describer.contents(), releases: await releases.releases(api, table, signal), dependencies: outside };
}
