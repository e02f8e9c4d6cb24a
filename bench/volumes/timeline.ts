/** Where the time of a backup goes, as it can be seen in the cluster: when what it makes there comes, changes and goes. */
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "../../src/kube/json.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { watch, type WatchedResource } from "../../src/kube/watch.ts";

interface Seen {
  readonly atMs: number;
  readonly kind: string;
  readonly name: string;
  readonly type: "added" | "deleted" | "modified";
  readonly object: JsonObject;
}

const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" } as const;
const SNAPSHOTS = { group: "snapshot.storage.k8s.io", version: "v1", plural: "volumesnapshots", kind: "VolumeSnapshot" } as const;
const GROUPS = {
  group: "groupsnapshot.storage.k8s.io",
  version: "v1",
  plural: "volumegroupsnapshots",
  kind: "VolumeGroupSnapshot",
} as const;
const HOLDFAST = "holdfast-system";

export class Timeline implements AsyncDisposable {
  readonly #seen: Seen[] = [];
  readonly #ended = new AbortController();
  readonly #watches: Promise<void>[] = [];

  /** @param namespace Of the application */
  static async start(api: KubeApi, namespace: string): Promise<Timeline> {
    const timeline = new Timeline();
    const watched: readonly (readonly [WatchedResource, string])[] = [
      [PODS, HOLDFAST],
      [SNAPSHOTS, namespace],
      [GROUPS, namespace],
    ];
    await Promise.all(watched.map(async ([resource, of]) => timeline.#watch(api, resource, of)));
    return timeline;
  }

  /** In seconds, one after the other; those that are missing did not happen. */
  stages(startMs: number, endMs: number): Readonly<Record<string, number>> {
    const isSnapshot = ({ kind }: Seen): boolean => kind !== PODS.kind;
    const cutMs = first(this.#seen, (seen) => isSnapshot(seen) && seen.type === "added");
    const isMover = (seen: Seen): boolean => seen.kind === PODS.kind && seen.atMs > (cutMs ?? Infinity);
    const isProbe = (seen: Seen): boolean => seen.kind === PODS.kind && !isMover(seen);
    const moments: readonly (readonly [string, number | undefined])[] = [
      ["start, plan s", first(this.#seen, isProbe)],
      ["probe s", first(this.#seen, (seen) => isProbe(seen) && stateOf(seen) === "terminated")],
      ["list, freeze s", cutMs],
      ["cut, hand over s", last(this.#seen, (seen) => isSnapshot(seen) && seen.type === "deleted")],
      ["claims s", last(this.#seen, (seen) => isMover(seen) && seen.type === "added")],
      ["pods start s", lastOfEach(this.#seen, (seen) => isMover(seen) && stateOf(seen) !== "waiting")],
      ["movers s", lastOfEach(this.#seen, (seen) => isMover(seen) && stateOf(seen) === "terminated")],
      ["point, clean-up s", endMs],
    ];
    const stages: Record<string, number> = {};
    let beforeMs = startMs;
    for (const [name, atMs] of moments) {
      if (atMs === undefined) continue;
      stages[name] = Math.max(0, atMs - beforeMs) / 1_000;
      beforeMs = Math.max(beforeMs, atMs);
    }
    return stages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await Promise.allSettled(this.#watches);
  }

  /** Returns when what is there already is known, and left out. */
  async #watch(api: KubeApi, resource: WatchedResource, namespace: string): Promise<void> {
    const begun = Promise.withResolvers<void>();
    const follow = async (): Promise<void> => {
      let isWhole = false;
      const before = new Set<string>();
      for await (const event of watch(api, resource, { namespace, signal: this.#ended.signal })) {
        if (event.type === "bookmark") {
          isWhole = true;
          begun.resolve();
        } else if (event.type !== "resync") {
          const name = textIn(objectIn(event.object, "metadata"), "name") ?? "";
          if (!isWhole) before.add(name);
          if (before.has(name)) continue;
          this.#seen.push({ atMs: Date.now(), kind: resource.kind, name, type: event.type, object: event.object });
        }
      }
    };
    const following = follow();
    following.catch(begun.reject);
    this.#watches.push(following);
    await begun.promise;
  }
}

function stateOf({ object }: Seen): "running" | "terminated" | "waiting" {
  const [container] = listIn(objectIn(object, "status"), "containerStatuses");
  const state = isJsonObject(container) ? objectIn(container, "state") : {};
  return isJsonObject(state["terminated"]) ? "terminated" : isJsonObject(state["running"]) ? "running" : "waiting";
}

function first(seen: readonly Seen[], is: (seen: Seen) => boolean): number | undefined {
  return seen.find(is)?.atMs;
}

function last(seen: readonly Seen[], is: (seen: Seen) => boolean): number | undefined {
  return seen.findLast(is)?.atMs;
}

/** When the last one of several objects was so for the first time. */
function lastOfEach(seen: readonly Seen[], is: (seen: Seen) => boolean): number | undefined {
  const firsts = Map.groupBy(seen.filter(is), ({ name }) => name).values();
  const times = Array.from(firsts, ([one]) => one?.atMs ?? 0);
  return times.length === 0 ? undefined : Math.max(...times);
}
