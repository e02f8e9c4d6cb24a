/** Which objects get their status back. Controllers write most anew, and an old one would mislead them. */
import { isJsonObject, objectIn } from "../../kube/json.ts";
import type { PointObject } from "../../point/point-object.ts";
import type { CapturedStatus } from "./prepared.ts";
import { isBuiltIn } from "./waves.ts";

/** Cluster API: the ids of machines that exist are in it, and without them more are made. */
const NEEDED_GROUP = /(?:^|\.)cluster\.x-k8s\.io$/;
/** Whoever knows an object can say so on it; Velero's name for it is in use already. */
const NEEDED_ANNOTATION = "velero.io/restore-status";

export function statusOf({ resource: { group }, object }: PointObject): CapturedStatus | undefined {
  const { status } = object;
  if (isBuiltIn(group) || !isJsonObject(status)) return undefined;
  const mark = objectIn(objectIn(object, "metadata"), "annotations")[NEEDED_ANNOTATION];
  return { value: status, isNeeded: mark === undefined ? NEEDED_GROUP.test(group) : mark === "true" };
}
