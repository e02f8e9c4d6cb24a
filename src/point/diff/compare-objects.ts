/** What differs between two sets of objects. */
import type { JsonObject } from "../../kube/json.ts";
import { idOfObject, type ObjectId } from "../../kube/object-id.ts";
import type { PointObject } from "../point-object.ts";
import { type FieldChange, fieldChanges } from "./field-changes.ts";
import { ObjectDigests } from "./object-digests.ts";

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
  readonly isAll: boolean;
}

/** What is added or changed comes as the later side has it, what is removed at the end. */
export async function* compareObjects({ before, readBefore, after, isAll }: Compared): AsyncGenerator<ObjectDifference, void, undefined> {
  const digests = new ObjectDigests({ isAll });
  for await (const object of before) digests.add(object);
  for await (const object of after(digests)) {
    const id = idOfObject(object.object);
    if (!digests.see(id) || digests.isSame(object)) continue;
    const version = digests.versionFor(object);
    if (version === undefined) {
      yield { what: "added", id, changes: [] };
      continue;
    }
    const { namespace, name } = object;
    const old = await readBefore({ resource: { ...object.resource, version }, namespace, name });
    const changes = fieldChanges(old, object.object, { isAll });
    if (changes.length > 0) yield { what: "changed", id, changes };
  }
  for (const id of digests.rest) yield { what: "removed", id, changes: [] };
}
