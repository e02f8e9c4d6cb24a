/** What grouping needs to know of an object: little enough to hold those of a whole cluster. */
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { idOfObject, type ObjectId } from "../../kube/object-id.ts";
import { type Owner, ownersOf } from "../owners.ts";
import { type ReleaseMark, releaseMarkOf } from "../releases/marks.ts";

export interface ObjectFacts {
  readonly id: ObjectId;
  readonly uid: string;
  readonly owners: readonly Owner[];
  readonly labels: JsonObject;
  readonly release: ReleaseMark | undefined;
}

const NO_LABELS: JsonObject = {};

/** The metadata is enough. */
export function factsOf(object: JsonObject): ObjectFacts {
  const metadata = objectIn(object, "metadata");
  return {
    id: idOfObject(object),
    uid: textIn(metadata, "uid") ?? "",
    owners: ownersOf(object),
    labels: metadata["labels"] === undefined ? NO_LABELS : objectIn(metadata, "labels"),
    release: releaseMarkOf(object),
  };
}
