/**
 * What becomes of the snapshot contents of dead runs. Several contents can stand for one snapshot in the storage: a handover makes a second
 * one before the first is given up, and a run may be killed at any point of it. So it is decided for each snapshot, and not for each content:
 * it goes, once, if nothing else stands for it, and stays if anything does.
 */
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";

export interface Content {
  readonly name: string;
  /** Driver and handle; undefined: nothing was cut yet. */
  readonly handle: string | undefined;
  /** Handle of the group whose member it is. Storage deletes a group as a whole. */
  readonly groupHandle: string | undefined;
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
  const byHandle = Map.groupBy(contents, ({ name, handle }) => handle ?? `without handle: ${name}`);
  return [...byHandle.values()].flatMap((sharers) => {
    const doomed = sharers.filter(({ isDoomed }) => isDoomed);
    const isElsewhere =
      doomed.length < sharers.length || doomed.some(({ groupHandle }) => groupHandle !== undefined && groupHandles.has(groupHandle));
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
  };
}
