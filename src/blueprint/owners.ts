/** Who pods belong to, from the objects that are at hand; nobody is asked. */
import { isJsonObject, type JsonObject, listIn, objectIn, textIn } from "../kube/json.ts";
import { groupOf } from "../kube/object-id.ts";

export interface OwnerName {
  readonly uid: string;
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** No chain of owners in a sound cluster is as long; one in a circle is. */
const MAX_DEPTH = 8;

export class OwnerIndex {
  readonly #byUid = new Map<string, JsonObject>();

  /** @param objects Whatever may own pods; metadata is enough */
  constructor(objects: Iterable<JsonObject>) {
    for (const object of objects) {
      const uid = textIn(objectIn(object, "metadata"), "uid");
      if (uid !== undefined) this.#byUid.set(uid, object);
    }
  }

  /** The nearest first, as far as they are known. */
  chainOf(object: JsonObject): readonly OwnerName[] {
    const chain: OwnerName[] = [];
    let owner = controllerOf(object);
    while (owner !== undefined && chain.length < MAX_DEPTH) {
      chain.push(owner);
      const next = this.#byUid.get(owner.uid);
      owner = next === undefined ? undefined : controllerOf(next);
    }
    return chain;
  }

  objectOf({ uid }: OwnerName): JsonObject | undefined {
    return this.#byUid.get(uid);
  }
}

/** The one that steers it, or else the first. */
function controllerOf(object: JsonObject): OwnerName | undefined {
  const owners = listIn(objectIn(object, "metadata"), "ownerReferences").filter(isJsonObject);
  const owner = owners.find((reference) => reference["controller"] === true) ?? owners[0];
  if (owner === undefined) return undefined;
  return {
    uid: textIn(owner, "uid") ?? "",
    group: groupOf(textIn(owner, "apiVersion") ?? ""),
    kind: textIn(owner, "kind") ?? "",
    name: textIn(owner, "name") ?? "",
  };
}
