/** Volumes that runs have set aside, and how they go for good. */
import type { FindingSink } from "../../base/finding.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { VOLUMES } from "../volumes/storage-objects.ts";
import { until } from "../volumes/until.ts";
import { keptVolumeOf, type KeptVolume, letGo } from "./kept-volumes.ts";

export interface SetAsideVolume extends KeptVolume {
  /** A quantity, as `2Gi`. */
  readonly capacity: string;
}

const GONE_MS = 60_000;

/** @param run Only those of this run. What serves an application is never among them. */
export async function listSetAside(api: KubeApi, run: string | undefined, signal: AbortSignal): Promise<readonly SetAsideVolume[]> {
  const found: SetAsideVolume[] = [];
  for await (const { items } of listPages(api, VOLUMES, { signal })) {
    for (const volume of items) {
      const kept = keptVolumeOf(volume);
      if (kept === undefined || (run !== undefined && kept.setAside.by !== run)) continue;
      if (textIn(objectIn(volume, "status"), "phase") === "Bound") continue;
      found.push({ ...kept, capacity: textIn(objectIn(objectIn(volume, "spec"), "capacity"), "storage") ?? "" });
    }
  }
  return found;
}

/** The storage deletes them; what it does not is reported. */
export async function release(api: KubeApi, volumes: readonly SetAsideVolume[], report: FindingSink, signal: AbortSignal): Promise<void> {
  for (const { name } of volumes) await letGo(api, name, "Delete", signal);
  for (const { name } of volumes) {
    let last: JsonObject | undefined;
    const look = (found: JsonObject | undefined): boolean | undefined => {
      last = found;
      return found === undefined || textIn(objectIn(found, "status"), "phase") === "Failed" ? true : undefined;
    };
    await until(api, VOLUMES, { name }, { timeoutMs: GONE_MS, signal, look, late: () => undefined as never });
    if (last === undefined) continue;
    const message = `Not gone yet: ${textIn(objectIn(last, "status"), "message") ?? "the storage has not deleted it"}`;
    report({ grade: "partial", code: "volume_not_deleted", object: `volume "${name}"`, message });
  }
}
