/**
 * What becomes of the snapshot contents of dead runs. Several contents can stand for one snapshot in the storage: a handover makes a second
 * one before the first is given up, and a run may be killed at any point of it. So it is decided for each snapshot, and not for each content:
 * it goes, once, if nothing else stands for it, and stays if anything does.
 */
import { type JsonObject, listIn, objectIn, textIn } from "../kube/json.ts";

export interface Content {
  readonly name: string;
  /** Driver and handle; undefined: nothing was cut yet. */
  readonly handle: string | undefined;
  /** Handle of the group whose member it is. Storage deletes a group as a whole. */
  readonly groupHandle: string | undefined;
  /** Of a group: handles of its members, with the driver. */
  readonly members?: readonly string[];
  readonly policy: string;
  /** Of a dead run, and not kept. */
  readonly isDoomed: boolean;
  /** It came about by its handle, and not by a snapshot of somebody's claim. */
  readonly isImported: boolean;
}

export interface ContentEnd {
  readonly name: string;
  /** What its deletion policy has to be before it is deleted; undefined: it is so already. */
  readonly policy: "Delete" | "Retain" | undefined;
}

/** @param groups contents of groups, doomed or not: whoever has the group has its members */
export function planContents(contents: readonly Content[], groups: readonly Content[] = []): readonly ContentEnd[] {
  const groupHandles = new Set(groups.map(({ handle }) => handle));
  const members = new Set(groups.flatMap((group) => group.members ?? []));
  const isMember = ({ handle, groupHandle }: Content): boolean =>
    (handle !== undefined && members.has(handle)) || (groupHandle !== undefined && groupHandles.has(groupHandle));
  const byHandle = Map.groupBy(contents, ({ name, handle }) => handle ?? `without handle: ${name}`);
  return [...byHandle.values()].flatMap((sharers) => {
    const doomed = sharers.filter(({ isDoomed }) => isDoomed);
    const isElsewhere = doomed.length < sharers.length || doomed.some(isMember);
    const last = isElsewhere ? undefined : (doomed.find(({ isImported }) => isImported) ?? doomed[0]);
    return doomed.map((content) => {
      const wanted = content === last ? "Delete" : "Retain";
      return { name: content.name, policy: content.policy === wanted ? undefined : wanted };
    });
  });
}

/** A VolumeSnapshotContent or VolumeGroupSnapshotContent, of which the field of its handle is called so. */
export function readContent(object: JsonObject, handleField: "snapshotHandle" | "volumeGroupSnapshotHandle", isDoomed: boolean): Content {
  const [spec, status] = [objectIn(object, "spec"), objectIn(object, "status")];
  const source = objectIn(spec, "source");
  const imported =
    handleField === "snapshotHandle" ? textIn(source, "snapshotHandle") : textIn(objectIn(source, "groupSnapshotHandles"), handleField);
  const driver = textIn(spec, "driver") ?? "";
  const handle = textIn(status, handleField) ?? imported;
  const group = handleField === "snapshotHandle" ? textIn(status, "volumeGroupSnapshotHandle") : undefined;
  const withDriver = (text: string | undefined): string | undefined => (text === undefined ? undefined : `${driver} ${text}`);
  return {
    name: textIn(objectIn(object, "metadata"), "name") ?? "",
    handle: withDriver(handle),
    groupHandle: withDriver(group),
    policy: textIn(spec, "deletionPolicy") ?? "",
    isDoomed,
    isImported: imported !== undefined,
    ...(handleField === "snapshotHandle" ? {} : { members: memberHandles(spec, status).map((member) => `${driver} ${member}`) }),
  };
}

/** Named when it was imported, or found when it was cut. The list had another name before v1. */
function memberHandles(spec: JsonObject, status: JsonObject): readonly string[] {
  const named = listIn(objectIn(objectIn(spec, "source"), "groupSnapshotHandles"), "volumeSnapshotHandles");
  const found = ["volumeSnapshotInfoList", "volumeSnapshotHandlePairList"].flatMap((list) =>
    listIn(status, list).map((member) => textIn(member, "snapshotHandle")),
  );
  return [...named, ...found].filter((handle) => typeof handle === "string");
}
