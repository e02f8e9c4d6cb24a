/**
 * Members of a group cannot be deleted one by one: the group gets a second pair of objects of its own, which own what is on the storage. They have the
 * same name as the first, because the controller finds the group of a member by its handle alone, and takes the name from whichever it finds.
 */
import { mapConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import { createObject } from "../../kube/objects.ts";
import { apiVersionOf } from "../../kube/resource-type.ts";
import { FIELD_MANAGER } from "../../run/marks.ts";
import type { CutVolume } from "./cut.ts";
import { contentMetadata, type HandOverContext, type ImportedSnapshot, importSnapshot, retain } from "./hand-over.ts";
import { removeSnapshot } from "./originals.ts";
import type { PlannedGroup } from "./plan-groups.ts";
import type { SnapshotKinds } from "./snapshot-kinds.ts";
import { groupHandleOf, throwIfFailed } from "./snapshot-status.ts";
import { until } from "./until.ts";

export interface GroupHandOver extends HandOverContext {
  readonly groupKinds: SnapshotKinds;
}

/** In Holdfast's namespace. */
export interface ImportedGroup {
  readonly name: string;
  readonly content: string;
  readonly members: readonly ImportedSnapshot[];
}

const BIND_TIMEOUT_MS = 5 * 60_000;
const CONCURRENT_IMPORTS = 8;

export async function handOverGroup(context: GroupHandOver, group: PlannedGroup, cuts: readonly CutVolume[]): Promise<ImportedGroup> {
  const { run, groupKinds, originals, signal } = context;
  const [first] = cuts;
  if (first === undefined) throw new RangeError("Cannot hand over a group: it has no members");
  const { namespace, name, uid, content } = first.original;
  const place = { kinds: groupKinds, namespace, name };
  const retained = await retain({ ...context, kinds: groupKinds }, content, `group ${namespace}/${name}`);
  originals.retained(place);
  const imported = await importGroup(context, group, cuts, retained);
  const members = await mapConcurrent(cuts, { limit: CONCURRENT_IMPORTS, signal }, (cut) => importSnapshot(context, cut, retained));
  await awaitMembers(context, first);
  await removeSnapshot(run, place, uid, signal);
  originals.handedOver(place);
  return { ...imported, members };
}

async function importGroup(
  { run, groupKinds: kinds, signal }: GroupHandOver,
  group: PlannedGroup,
  cuts: readonly CutVolume[],
  like: JsonObject,
): Promise<Omit<ImportedGroup, "members">> {
  const { namespace } = run;
  const { name = "", group: handle = "" } = cuts[0]?.original ?? {};
  const content = run.nameOf("group-content", `${group.namespace}/${group.index}`);
  const options = { fieldManager: FIELD_MANAGER, signal };
  const contentObject = {
    apiVersion: apiVersionOf(kinds.contents),
    kind: kinds.contents.kind,
    metadata: contentMetadata(run, content, like),
    spec: {
      deletionPolicy: "Delete",
      driver: group.driver,
      source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: handle, volumeSnapshotHandles: cuts.map(({ cut }) => cut.handle) } },
      volumeGroupSnapshotClassName: group.className,
      volumeGroupSnapshotRef: { apiVersion: apiVersionOf(kinds.snapshots), kind: kinds.snapshots.kind, namespace, name },
    },
  };
  await createObject(run.api, kinds.contents, contentObject, options);
  const snapshot = {
    apiVersion: apiVersionOf(kinds.snapshots),
    kind: kinds.snapshots.kind,
    metadata: run.metadata(name, { namespace }),
    spec: { volumeGroupSnapshotClassName: group.className, source: { volumeGroupSnapshotContentName: content } },
  };
  await createObject(run.api, kinds.snapshots, snapshot, { ...options, namespace });
  const wait = { fieldSelector: `metadata.name=${content}`, timeoutMs: BIND_TIMEOUT_MS, onTimeout: () => lateError(group), signal };
  await until(run.api, kinds.contents, wait, (there) => {
    const found = there.get(content);
    if (found === undefined) throw lateError(group);
    throwIfFailed(found, `volumes of namespace "${group.namespace}" at one moment`);
    const reference = objectIn(objectIn(found, "spec"), "volumeGroupSnapshotRef");
    return textIn(reference, "uid") !== undefined && groupHandleOf(found) === handle ? found : undefined;
  });
  return { name, content };
}

/**
 * The controller makes an object for each member of the first pair, and takes it along with the group only once it is whole. A group that somebody has
 * deleted meanwhile makes none any more.
 */
async function awaitMembers({ run, kinds, groupKinds, signal }: GroupHandOver, { original }: CutVolume): Promise<void> {
  const { namespace, name } = original;
  const wait = { namespace, timeoutMs: BIND_TIMEOUT_MS, onTimeout: () => lateMembers(namespace), signal };
  const { isGone } = await until(run.api, groupKinds.snapshots, { ...wait, fieldSelector: `metadata.name=${name}` }, (there) => {
    const group = there.get(name);
    if (group === undefined || textIn(objectIn(group, "metadata"), "deletionTimestamp") !== undefined) return { isGone: true };
    return objectIn(group, "status")["creationTime"] === undefined ? undefined : { isGone: false };
  });
  if (isGone) return;
  await until(run.api, kinds.snapshots, wait, (there) => {
    const members = [...there.values()].filter((snapshot) => isMemberOf(snapshot, original.uid));
    return members.every((member) => textIn(objectIn(member, "status"), "volumeGroupSnapshotName") !== undefined) ? members : undefined;
  });
}

function isMemberOf(snapshot: JsonObject, groupUid: string): boolean {
  return listIn(objectIn(snapshot, "metadata"), "ownerReferences").some((owner) => textIn(owner, "uid") === groupUid);
}

function lateError({ namespace }: PlannedGroup): DomainError {
  return new DomainError(
    "unavailable",
    "snapshot_timeout",
    `Cannot use the group snapshot of namespace "${namespace}": its copy is not bound`,
    {
      hint: "See whether the snapshot controller and the storage driver with its snapshotter run",
    },
  );
}

function lateMembers(namespace: string): DomainError {
  return new DomainError(
    "unavailable",
    "snapshot_timeout",
    `Cannot remove the group snapshot from namespace "${namespace}": it is not whole`,
    {
      hint: "See whether the snapshot controller runs",
    },
  );
}
