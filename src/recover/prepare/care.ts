/** What a kind needs besides what all kinds need. */
import type { JsonObject } from "../../kube/json.ts";
import type { PointObject } from "../../point/point-object.ts";
import type { LeftOut } from "./prepared.ts";
import type { Target } from "./target.ts";

export interface Care {
  /** Why nothing is created for this object, if that is so. */
  readonly leaveOut?: (captured: PointObject, target: Target) => LeftOut | undefined;
  /** Takes out what the source gave it. Names and namespaces follow later, for all kinds alike. */
  readonly clean?: (object: JsonObject, captured: PointObject, target: Target) => JsonObject;
  /** Names that the object has in texts; the rest is in references.ts and follow.ts. */
  readonly rename?: (object: JsonObject, captured: PointObject, target: Target) => JsonObject;
  /** What it is called at the target, if that is not what all names there become. */
  readonly name?: (plainName: string, captured: PointObject, target: Target) => string;
  /** Whether targets make one of this name by themselves. */
  readonly isMerged?: (captured: PointObject) => boolean;
}
