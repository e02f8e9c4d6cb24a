/** What differs between two objects, field by field, as people would say it: items of lists are told apart by their names. */
import { isJsonObject, isLongInteger, type JsonObject, type JsonValue, textIn } from "../../kube/json.ts";
import { withoutNoise } from "./noise.ts";

export interface FieldChange {
  /** `spec.template.spec.containers[web].image`, `metadata.annotations[example.com/a]` */
  readonly path: string;
  readonly what: "added" | "removed" | "changed" | "reordered";
  /** undefined: there was none, or it is a value of a Secret, which nobody is shown. The names of the items if these are reordered. */
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

export interface ChangeOptions {
  /** With what servers write by themselves, too: status, managedFields, versions, times. */
  readonly isAll?: boolean;
}

/** Both have to be of one kind. The changes come in the order of their paths in `before`. */
export function fieldChanges(before: JsonObject, after: JsonObject, { isAll = false }: ChangeOptions = {}): readonly FieldChange[] {
  const isSecret = [before, after].some((object) => textIn(object, "kind") === "Secret" && textIn(object, "apiVersion") === "v1");
  const [old, now] = isAll ? [before, after] : [withoutNoise(before), withoutNoise(after)];
  const comparison = new Comparison(isSecret ? SECRET : NOTHING);
  comparison.objects(old, now, [], "");
  return comparison.changes;
}

/** Paths of fields. */
const NOTHING: ReadonlySet<string> = new Set();
/** Every field below the first two, and what kubectl remembers of them. */
const SECRET: ReadonlySet<string> = new Set([
  "data",
  "stringData",
  "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
]);

/** What items of lists of built-in kinds are told apart by, the first that all items of both lists have, each its own. */
const ITEM_KEYS = ["name", "mountPath", "devicePath", "containerPort", "port", "key", "type", "host", "ip", "topologyKey", "path"];

class Comparison {
  readonly changes: FieldChange[] = [];
  readonly #hidden: ReadonlySet<string>;

  constructor(hidden: ReadonlySet<string>) {
    this.#hidden = hidden;
  }

  /** @param place the names of the fields that lead here, `[]` for items; `path` is the same for people */
  objects(before: JsonObject, after: JsonObject, place: readonly string[], path: string): void {
    for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
      this.#values(own(before, field), own(after, field), [...place, field], `${path}${step(field, path === "")}`);
    }
  }

  #values(before: JsonValue | undefined, after: JsonValue | undefined, place: readonly string[], path: string): void {
    if (before !== undefined && after !== undefined && isSame(before, after)) return;
    // In a Secret, what is hidden may be deeper in what is there on one side only.
    const old = before ?? (this.#hidden.size > 0 && isObject(after) ? {} : undefined);
    const now = after ?? (this.#hidden.size > 0 && isObject(before) ? {} : undefined);
    if (isObject(old) && isObject(now)) {
      this.objects(old, now, place, path);
    } else if (this.#isHidden(place)) {
      this.#add(path, before, after, { isHidden: true });
    } else if (isList(before) && isList(after)) {
      this.#lists(before, after, place, path);
    } else {
      this.#add(path, before, after);
    }
  }

  #lists(before: readonly JsonValue[], after: readonly JsonValue[], place: readonly string[], path: string): void {
    const items = [...before, ...after];
    // Plain values belong together: arguments, finalizers.
    if (items.every(isObject)) this.#items(before, after, place, path);
    else this.#add(path, before, after);
  }

  #items(before: readonly JsonValue[], after: readonly JsonValue[], place: readonly string[], path: string): void {
    const key = ITEM_KEYS.find((name) => isKey(name, before) && isKey(name, after));
    const named = (items: readonly JsonValue[]): ReadonlyMap<string, JsonValue> =>
      new Map(items.map((item, index) => [key === undefined ? String(index) : nameOf(item, key), item]));
    const [old, now] = [named(before), named(after)];
    const oldNames = [...old.keys()];
    const nowNames = [...now.keys()];
    const isRenamed = (index: number): boolean => !now.has(oldNames[index] ?? "") && !old.has(nowNames[index] ?? "");
    for (const [index, name] of oldNames.entries()) {
      // What stands in the place of an item that is gone is that item under another name.
      if (index < nowNames.length && isRenamed(index)) this.#values(before[index], after[index], [...place, "[]"], `${path}[${index}]`);
      else this.#values(old.get(name), now.get(name), [...place, "[]"], `${path}[${name}]`);
    }
    for (const [index, name] of nowNames.entries()) {
      const isSeen = old.has(name) || (index < oldNames.length && isRenamed(index));
      if (!isSeen) this.#values(undefined, now.get(name), [...place, "[]"], `${path}[${name}]`);
    }
    const kept = oldNames.filter((name) => now.has(name));
    const keptNow = nowNames.filter((name) => old.has(name));
    if (!isSame(kept, keptNow)) this.changes.push({ path, what: "reordered", before: kept, after: keptNow });
  }

  #add(path: string, before: JsonValue | undefined, after: JsonValue | undefined, { isHidden = false } = {}): void {
    const what = before === undefined ? "added" : after === undefined ? "removed" : "changed";
    this.changes.push({ path, what, before: isHidden ? undefined : before, after: isHidden ? undefined : after });
  }

  #isHidden(place: readonly string[]): boolean {
    return place.some((_step, index) => this.#hidden.has(place.slice(0, index + 1).join(".")));
  }
}

function own(object: JsonObject, field: string): JsonValue | undefined {
  return Object.hasOwn(object, field) ? object[field] : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return isJsonObject(value) && !isLongInteger(value);
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isKey(name: string, items: readonly JsonValue[]): boolean {
  const names = items.map((item) => nameOf(item, name));
  return !names.includes("") && new Set(names).size === names.length;
}

/** Empty for an item without it. */
function nameOf(item: JsonValue, key: string): string {
  const name = isObject(item) ? own(item, key) : undefined;
  return typeof name === "string" || typeof name === "number" ? String(name) : "";
}

function step(field: string, isFirst: boolean): string {
  if (!/^[\w-]+$/.test(field)) return `[${field}]`;
  return isFirst ? field : `.${field}`;
}

/** The order of fields means nothing. */
function isSame(before: JsonValue, after: JsonValue): boolean {
  if (before === after) return true;
  if (isList(before) && isList(after)) {
    return before.length === after.length && before.every((item, index) => isSame(item, after[index] ?? null));
  }
  if (isObject(before) && isObject(after)) {
    const fields = Object.keys(before);
    return (
      fields.length === Object.keys(after).length &&
      fields.every((field) => {
        const [old, now] = [own(before, field), own(after, field)];
        return old !== undefined && now !== undefined && isSame(old, now);
      })
    );
  }
  return isLongInteger(before) && JSON.stringify(before) === JSON.stringify(after);
}
