/**
 * The steps of a swap as data: what is to be done, and what was there before. They are recorded before they are done, so that whoever
 * finds a run that was killed can take them back from the record alone. Doing or undoing one twice is the same as once.
 */
import type { JsonObject, JsonValue } from "../../kube/json.ts";
import type { ResourcePath } from "../../kube/resource-type.ts";
import type { FieldPath } from "../owned-fields.ts";

export interface ClaimName {
  readonly namespace: string;
  readonly name: string;
}

/** Of a volume: whom it belongs to. */
export interface ClaimReference extends ClaimName {
  readonly uid: string;
}

export type SwapStep = ExchangeClaim | KeepVolume | ReserveVolume | SetField;

/** Nobody deletes the volume, whatever becomes of its claim. */
export interface KeepVolume {
  readonly kind: "keep";
  readonly volume: string;
  readonly claim: ClaimName;
  /** `new`: filled by this run; `old`: served before; `returning`: was set aside by another run, and comes back. */
  readonly role: "new" | "old" | "returning";
  /** Its reclaim policy when it serves. */
  readonly policy: string;
  /** Which run had set it aside, and when; for one that returns. */
  readonly setAside?: { readonly by: string; readonly at: string } | undefined;
}

/** No other claim gets the volume than one of this name, even if somebody else makes that. */
export interface ReserveVolume {
  readonly kind: "reserve";
  readonly volume: string;
  readonly claim: ClaimName;
  /** What it belonged to before, which is gone or goes. */
  readonly before: ClaimReference;
}

/** A field of an object that is changed for as long as the swap takes. */
export interface SetField {
  readonly kind: "set";
  readonly purpose: FieldPurpose;
  readonly resource: ResourcePath & { readonly kind: string };
  readonly namespace: string;
  readonly name: string;
  readonly path: FieldPath;
  /** null: absent. */
  readonly value: JsonValue;
  readonly old: JsonValue;
  /** Who owned it: entries of managedFields, with nothing else in them. */
  readonly owners: readonly JsonValue[];
}

/** `pause` whoever could start pods, `retain` the claims of a StatefulSet, `stop` the pods. */
export type FieldPurpose = "pause" | "retain" | "stop";

/** The claim goes, and comes back as it was with the other volume. */
export interface ExchangeClaim {
  readonly kind: "exchange";
  /** As it is made again, without a volume. */
  readonly claim: JsonObject;
  readonly from: string;
  readonly to: string;
  /** What `to` belonged to before it was reserved. */
  readonly before: ClaimReference;
}

/** Pods may have written to the new volumes from here on: they are never thrown away. */
export const SERVING_MARK = "serving";
/** All works on the new volumes: from here on there is only forward. */
export const READY_MARK = "ready";
export const ROLLING_BACK_MARK = "rolling-back";

export function stepJson(step: SwapStep): JsonObject {
  return JSON.parse(JSON.stringify(step)) as JsonObject;
}

/** Records are sealed with the location's key: who could write one could do anything anyway. */
export function stepOf(json: JsonObject): SwapStep {
  return json as unknown as SwapStep;
}
