/** All that runs of Holdfast may leave behind, in a cluster and on its storage: what tests of faults look for when everything is over. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Machine } from "../../dev/cluster/machine.ts";
import { poolDir } from "../../dev/cluster/pools.ts";
import { stateDir } from "../../dev/cluster/spec.ts";
import { systemClock } from "../../src/base/clock.ts";
import { type JsonObject, objectIn, textIn } from "../../src/kube/json.ts";
import { GROUP_LABEL, KEEP_ANNOTATION, RUN_LABEL } from "../../src/run/marks.ts";
import type { TestCluster } from "./test-cluster.ts";

export interface LeftoverPlaces {
  /** Of Holdfast. */
  readonly holdfast: string;
  /** Of applications. */
  readonly namespaces: readonly string[];
}

const SNAPSHOTS = ["volumesnapshots", "volumegroupsnapshots"];
const CONTENTS = ["volumesnapshotcontents", "volumegroupsnapshotcontents"];
const IN_NAMESPACES = ["pods", "jobs", "secrets", "persistentvolumeclaims", "leases", ...SNAPSHOTS];
const KINDS = [...IN_NAMESPACES, ...CONTENTS, "persistentvolumes", "storageclasses"];
const ZONE = "zone-a";
const STORAGE = "holdfast-dev/btrfs.csi.holdfast.dev";
const PATIENCE_MS = 90_000;
const INTERVAL_MS = 300;

/** As `kind namespace/name`, and the directories of the storage that nothing in the cluster stands for. */
export async function leftoversIn(cluster: TestCluster, places: LeftoverPlaces): Promise<readonly string[]> {
  // What is made meanwhile is on the storage before it is in the cluster.
  const stored = await storedIds(cluster.name);
  const text = await cluster.kubectl("get", KINDS.join(","), "--all-namespaces", "--output=json");
  const { items } = JSON.parse(text) as { readonly items: readonly JsonObject[] };
  const known = JSON.stringify(items);
  const objects = items.filter((item) => isLeft(item, places)).map(describe);
  return [...objects, ...stored.filter((id) => !known.includes(`"${id}"`)).map((id) => `storage ${id}`)];
}

/** What goes in the background has time to. */
export async function assertNoLeftovers(cluster: TestCluster, places: LeftoverPlaces, when: string): Promise<void> {
  const untilMs = systemClock.monotonicMs() + PATIENCE_MS;
  while (true) {
    const left = await leftoversIn(cluster, places);
    if (left.length === 0) return;
    assert.ok(systemClock.monotonicMs() < untilMs, `left ${when}: ${left.join(", ")}`);
    await systemClock.sleep(INTERVAL_MS);
  }
}

function isLeft(item: JsonObject, { holdfast, namespaces }: LeftoverPlaces): boolean {
  const [metadata, spec] = [objectIn(item, "metadata"), objectIn(item, "spec")];
  const [labels, namespace] = [objectIn(metadata, "labels"), textIn(metadata, "namespace")];
  if (textIn(objectIn(metadata, "annotations"), KEEP_ANNOTATION) !== undefined) return false;
  if (namespace === holdfast) return true;
  const isMarked = textIn(labels, RUN_LABEL) !== undefined || textIn(labels, GROUP_LABEL) !== undefined;
  if (namespace !== undefined) {
    if (!namespaces.includes(namespace)) return false;
    return isMarked || /^Volume(?:Group)?Snapshot$/.test(textIn(item, "kind") ?? "");
  }
  if (isMarked) return true;
  const owner = [spec["claimRef"], spec["volumeSnapshotRef"], spec["volumeGroupSnapshotRef"]].flatMap((ref) =>
    ref === undefined ? [] : (textIn(ref as JsonObject, "namespace") ?? []),
  );
  const isOurs = owner.some((name) => name === holdfast || namespaces.includes(name));
  if (textIn(item, "kind") !== "PersistentVolume") return isOurs;
  return isOurs && (owner.includes(holdfast) || textIn(objectIn(item, "status"), "phase") !== "Bound");
}

function describe(item: JsonObject): string {
  const metadata = objectIn(item, "metadata");
  const namespace = textIn(metadata, "namespace");
  const going = textIn(metadata, "deletionTimestamp") === undefined ? "" : " (being deleted)";
  return `${textIn(item, "kind")} ${namespace === undefined ? "" : `${namespace}/`}${textIn(metadata, "name")}${going}`;
}

/** Volumes, snapshots and groups of the storage, and what it has still to remove. */
async function storedIds(name: string): Promise<readonly string[]> {
  const machine = await Machine.find(stateDir(name));
  assert.ok(machine !== undefined);
  const folder = join(poolDir(name, ZONE), STORAGE);
  const { stdout } = await machine.run("sh", ["-c", `cd ${folder} && ls volumes snapshots groups trash 2>/dev/null`]);
  return stdout.split("\n").filter((line) => line !== "" && !line.endsWith(":"));
}
