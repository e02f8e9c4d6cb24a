/**
 * Several volumes at one moment. The driver is told by a label, which is on exactly the planned claims for that time; what it has cut is compared
 * with the plan before anybody writes again.
 */
import { createHash } from "node:crypto";
import { mapConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, listIn, objectIn } from "../../kube/json.ts";
import { createObject, getObject, patchObject } from "../../kube/objects.ts";
import { apiVersionOf } from "../../kube/resource-type.ts";
import { FIELD_MANAGER, GROUP_LABEL } from "../../run/marks.ts";
import type { Run } from "../../run/run.ts";
import { type ClaimFacts, claimName } from "./claim-facts.ts";
import { CUT_TIMEOUT_MS, type CutContext, type CutVolume, snapshotGone, snapshotTimeout } from "./cut.ts";
import type { PlannedGroup } from "./plan-groups.ts";
import { boundContentOf, type Cut, groupCutsOf, groupHandleOf, throwIfFailed, uidIn } from "./snapshot-status.ts";
import { CLAIMS } from "./survey.ts";
import { until } from "./until.ts";

const CONCURRENT_PATCHES = 16;

/** Tells the driver which claims are meant. There is time for that before anybody is held still. */
export async function labelMembers(run: Run, group: PlannedGroup, signal: AbortSignal): Promise<void> {
  const value = groupValue(run, group);
  await mapConcurrent(group.members, { limit: CONCURRENT_PATCHES, signal }, ({ claim }, either) => label(run, claim, value, either));
}

/**
 * @param context With the kinds of groups
 * @param group Labelled
 * @throws {DomainError} unavailable/snapshot_failed: the driver refuses, as for volumes that have no common moment
 * @throws {DomainError} conflict/group_members: it has cut others than were planned
 */
export async function cutGroup(context: CutContext, group: PlannedGroup): Promise<readonly CutVolume[]> {
  const { run, kinds, originals } = context;
  const { namespace, members } = group;
  const value = groupValue(run, group);
  const name = run.nameOf("group", `${namespace}/${group.index}`);
  originals.expect({ kinds, namespace, name });
  const snapshot = await makeGroup(context, group, { name, value });
  const what = `volumes ${members.map(({ claim }) => `"${claimName(claim)}"`).join(", ")} at one moment`;
  const content = await boundContent(context, { namespace, name, what });
  const whole = await awaitContent(context, content, what);
  const cuts = groupCutsOf(whole) ?? new Map<string, Cut>();
  throwIfOthers(whole, group, cuts);
  const original = { namespace, name, uid: uidIn(snapshot), content, group: groupHandleOf(whole) };
  originals.found({ kinds, namespace, name }, original);
  return members.map((planned) => {
    const cut = cuts.get(planned.volume.handle);
    if (cut === undefined) throw snapshotTimeout(`of "${claimName(planned.claim)}": the group has no member of it`);
    return { planned, cut, original };
  });
}

/** Takes the label off again. A claim that is gone needs nothing. */
export async function unlabel(run: Run, { namespace, members }: PlannedGroup, signal: AbortSignal): Promise<void> {
  await mapConcurrent(members, { limit: CONCURRENT_PATCHES, signal }, async ({ claim }, either) => {
    const changes = { metadata: { uid: claim.uid, labels: { [GROUP_LABEL]: null } } };
    try {
      await patchObject(
        run.api,
        CLAIMS,
        { namespace, name: claim.name },
        { type: "merge", changes },
        { fieldManager: FIELD_MANAGER, signal: either },
      );
    } catch (error) {
      const isGone = error instanceof DomainError && (error.code === "kube_not_found" || error.code === "kube_conflict");
      if (!isGone) throw error;
    }
  });
}

/** What the controller calls the snapshot that it makes of a member. Source: external-snapshotter, `getSnapshotNameForVolumeGroupSnapshotContent`. */
export function memberName({ original, planned }: CutVolume): string {
  return `snapshot-${createHash("sha256").update(`${original.uid}${planned.volume.handle}`).digest("hex")}`;
}

/** The id of the run, and more only where it has several groups in a namespace: a claim is in one. */
function groupValue(run: Run, { index }: PlannedGroup): string {
  return index === 0 ? run.id.toLowerCase() : `${run.id.toLowerCase()}.${index}`;
}

async function label(run: Run, { namespace, name, uid }: ClaimFacts, value: string, signal: AbortSignal): Promise<void> {
  const changes = { metadata: { uid, labels: { [GROUP_LABEL]: value } } };
  await patchObject(run.api, CLAIMS, { namespace, name }, { type: "merge", changes }, { fieldManager: FIELD_MANAGER, signal });
}

async function makeGroup(
  { run, kinds, signal }: CutContext,
  { namespace, className }: PlannedGroup,
  { name, value }: { readonly name: string; readonly value: string },
): Promise<JsonObject> {
  const object = {
    apiVersion: apiVersionOf(kinds.snapshots),
    kind: kinds.snapshots.kind,
    metadata: run.metadata(name, { namespace }),
    // The controller looks at matchLabels alone.
    spec: { volumeGroupSnapshotClassName: className, source: { selector: { matchLabels: { [GROUP_LABEL]: value } } } },
  };
  try {
    return await createObject(run.api, kinds.snapshots, object, { namespace, fieldManager: FIELD_MANAGER, signal });
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "kube_exists") throw error;
    return getObject(run.api, kinds.snapshots, { namespace, name }, { signal });
  }
}

interface GroupPlace {
  readonly namespace: string;
  readonly name: string;
  readonly what: string;
}

async function boundContent({ run, kinds, signal }: CutContext, { namespace, name, what }: GroupPlace): Promise<string> {
  const options = {
    namespace,
    fieldSelector: `metadata.name=${name}`,
    timeoutMs: CUT_TIMEOUT_MS,
    onTimeout: () => snapshotTimeout(`of ${what}`),
    signal,
  };
  const { content } = await until(run.api, kinds.snapshots, options, (there) => {
    const snapshot = there.get(name);
    if (snapshot === undefined) throw snapshotGone(what);
    throwIfFailed(snapshot, what);
    const bound = boundContentOf(snapshot);
    return bound === undefined ? undefined : { content: bound };
  });
  return content;
}

/** The snapshot itself learns of it only after all its members have objects of their own. */
async function awaitContent({ run, kinds, signal }: CutContext, name: string, what: string): Promise<JsonObject> {
  const options = {
    fieldSelector: `metadata.name=${name}`,
    timeoutMs: CUT_TIMEOUT_MS,
    onTimeout: () => snapshotTimeout(`of ${what}`),
    signal,
  };
  return until(run.api, kinds.contents, options, (there) => {
    const content = there.get(name);
    if (content === undefined) throw snapshotGone(what);
    throwIfFailed(content, what);
    return groupCutsOf(content) === undefined ? undefined : content;
  });
}

/** @throws {DomainError} conflict/group_members */
function throwIfOthers(content: JsonObject, { namespace, members }: PlannedGroup, cuts: ReadonlyMap<string, Cut>): void {
  const wanted = new Set(members.map(({ volume }) => volume.handle));
  const asked = listIn(objectIn(objectIn(content, "spec"), "source"), "volumeHandles").filter((handle) => typeof handle === "string");
  const different = new Set([...asked, ...cuts.keys()]).symmetricDifference(wanted);
  if (different.size === 0) return;
  throw new DomainError(
    "conflict",
    "group_members",
    `Cannot use the group snapshot in namespace "${namespace}": it is of other volumes than were planned`,
    {
      details: { planned: [...wanted], found: [...cuts.keys()] },
      hint: "Take the backup again; somebody has changed labels of claims meanwhile",
    },
  );
}
