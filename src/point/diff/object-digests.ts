/** What is known of one side of a comparison: a digest of each object, so that memory does not grow with their size. */
import { createHash } from "node:crypto";
import type { JsonObject } from "../../kube/json.ts";
import { idOfObject, keyOf, type ObjectId } from "../../kube/object-id.ts";
import type { PointObject } from "../point-object.ts";
import { withoutNoise } from "./noise.ts";

/** Enough that no two objects of one name have the same by chance. */
const DIGEST_BYTES = 16;

/** The part of an object that is compared; undefined: it does not count at all. */
export type View = (object: PointObject) => JsonObject | undefined;

interface Known {
  readonly version: string;
  readonly digest: string;
  /** The same object in another version. */
  readonly other: Known | undefined;
}

export class ObjectDigests {
  readonly #view: View;
  readonly #isAll: boolean;
  readonly #known = new Map<string, Known>();
  readonly #seen = new Set<string>();

  /** @param isAll with what servers write by themselves, too */
  constructor({ view, isAll }: { readonly view: View; readonly isAll: boolean }) {
    this.#view = view;
    this.#isAll = isAll;
  }

  add(object: PointObject): void {
    const digest = this.#digestOf(object);
    if (digest === undefined) return;
    const key = keyOf(idOfObject(object.object));
    this.#known.set(key, { version: object.resource.version, digest, other: this.#known.get(key) });
  }

  /** Whether there is one of this id that is as this one. */
  isSame(object: PointObject): boolean {
    const known = this.#matching(object);
    return known !== undefined && known.digest === this.#digestOf(object);
  }

  /** The version in which it is best compared; undefined if there is none of this id. */
  versionFor(object: PointObject): string | undefined {
    return this.#matching(object)?.version;
  }

  /** @returns whether it is seen for the first time: an object may come in several versions */
  see(id: ObjectId): boolean {
    const key = keyOf(id);
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }

  /** Those that were not seen. */
  get rest(): readonly ObjectId[] {
    return Array.from(this.#known.keys())
      .filter((key) => !this.#seen.has(key))
      .map(idOfKey);
  }

  #matching({ object, resource }: PointObject): Known | undefined {
    const first = this.#known.get(keyOf(idOfObject(object)));
    let known = first;
    while (known !== undefined && known.version !== resource.version) known = known.other;
    return known ?? first;
  }

  /** Servers write the fields of an object in the same order each time; if not, a closer look follows. */
  #digestOf(object: PointObject): string | undefined {
    const viewed = this.#view(object);
    if (viewed === undefined) return undefined;
    const text = JSON.stringify(this.#isAll ? viewed : withoutNoise(viewed));
    return createHash("sha256").update(text).digest().toString("base64", 0, DIGEST_BYTES);
  }
}

function idOfKey(key: string): ObjectId {
  const [group = "", kind = "", namespace = "", name = ""] = key.split(" ");
  return { group, kind, namespace: namespace === "" ? undefined : namespace, name };
}
