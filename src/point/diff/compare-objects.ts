/** What differs between two sets of objects. */
import type { JsonObject } from "../../kube/json.ts";
import { idOfObject, type ObjectId } from "../../kube/object-id.ts";
import type { PointObject } from "../point-object.ts";
import { type FieldChange, fieldChanges } from "./field-changes.ts";
import { ObjectDigests, type View } from "./object-digests.ts";

export interface ObjectDifference {
  readonly what: "added" | "removed" | "changed";
  readonly id: ObjectId;
  /** Of what is on both sides. */
  readonly changes: readonly FieldChange[];
}

export interface Compared {
  readonly before: AsyncIterable<PointObject>;
  /** Reads one of those again. */
  readonly readBefore: (object: Omit<PointObject, "object">) => Promise<JsonObject>;
  /** @param before All of them; what is the same as there may be marked as seen, and left out */
  readonly after: (before: ObjectDigests) => AsyncIterable<PointObject>;
  readonly view: View;
  readonly isAll: boolean;
}

/** What is added or changed comes as the later side has it, what is removed at the end. */
export async function* compareObjects({
  before,
  readBefore,
  after,
  view,
  isAll,
}: Compared): AsyncGenerator<ObjectDifference, void, undefined> {
  const digests = new ObjectDigests({ view, isAll });
  for await (const object of before) digests.add(object);
  for await (const object of after(digests)) {
    const id = idOfObject(object.object);
    if (digests.isSame(object)) {
      digests.see(id);
      continue;
    }
    const now = view(object);
    if (now === undefined || !digests.see(id)) continue;
    const version = digests.versionFor(object);
    if (version === undefined) {
      yield { what: "added", id, changes: [] };
      continue;
    }
    const { namespace, name } = object;
    const place = { resource: { ...object.resource, version }, namespace, name };
    const old = await readBefore(place);
    const changes = fieldChanges(view({ ...place, object: old }) ?? old, now, { isAll });
    if (changes.length > 0) yield { what: "changed", id, changes };
  }
  for (const id of digests.rest) yield { what: "removed", id, changes: [] };
}
