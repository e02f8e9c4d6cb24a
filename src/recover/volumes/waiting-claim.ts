/**
 * A claim that waits for its volume: it names a source of data that no controller serves, so nobody makes it an empty volume, and it counts
 * for quotas and admission from the beginning. It keeps that name for ever, as a claim cannot be changed: there it is a note of where it came from.
 */
import { isJsonObject, type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { GROUP } from "../../run/marks.ts";
import { changeIn } from "../prepare/edit.ts";

/** No such kind is defined anywhere: that is the point. */
const KIND = "VolumeRestore";

export interface ClaimChanges {
  /** A quantity; undefined: as the point has it, as for all. */
  readonly size?: string | undefined;
  readonly accessMode?: string | undefined;
}

/** @param point Id of the restore point */
export function waitingClaim(claim: JsonObject, point: string, changes: ClaimChanges): JsonObject {
  const dataSourceRef = { apiGroup: GROUP, kind: KIND, name: sourceName(point) };
  return changeIn(changedClaim(claim, changes), ["spec"], (spec) => (isJsonObject(spec) ? { ...spec, dataSourceRef } : spec));
}

/** As it was asked for. */
export function changedClaim(claim: JsonObject, { size, accessMode }: ClaimChanges): JsonObject {
  const spec = objectIn(claim, "spec");
  const requests = objectIn(objectIn(spec, "resources"), "requests");
  return changeIn(claim, ["spec"], () => ({
    ...spec,
    ...(accessMode === undefined ? {} : { accessModes: [accessMode] }),
    ...(size === undefined ? {} : { resources: { ...objectIn(spec, "resources"), requests: { ...requests, storage: size } } }),
  }));
}

/** The point that a claim waits for, or came from; undefined: none. In the form of a name. */
export function sourceOfClaim(claim: JsonObject): string | undefined {
  const reference = objectIn(objectIn(claim, "spec"), "dataSourceRef");
  if (textIn(reference, "apiGroup") !== GROUP || textIn(reference, "kind") !== KIND) return undefined;
  return textIn(reference, "name");
}

export function sourceName(point: string): string {
  return point.toLowerCase();
}
