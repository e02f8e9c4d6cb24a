/** In what an object of the cluster differs from what is to be there, and the merge patch (RFC 7386) that ends it. Pure. */
import { isJsonObject, type JsonObject, type JsonValue } from "../../kube/json.ts";
import type { FieldPath } from "../owned-fields.ts";

export interface FieldChange {
  /** As `spec.template.spec.containers`. */
  readonly path: string;
  /** Absent: there is nothing now. Neither of both is there for what may be secret. */
  readonly from?: JsonValue;
  /** Absent: it goes. */
  readonly to?: JsonValue;
  readonly isHidden?: true;
}

export interface Difference {
  readonly changes: readonly FieldChange[];
  /** Has just the fields that differ. */
  readonly patch: JsonObject;
  /** Of the changes, in their order. */
  readonly paths: readonly FieldPath[];
}

export interface Compared {
  readonly live: JsonObject;
  readonly wanted: JsonObject;
  /**
   * As the point has it. What it had not, and the live object has, was added since and goes; what was taken off it to make `wanted`
   * is for the cluster to decide, and stays as it is.
   */
  readonly original: JsonObject;
  /** Adds only: nothing goes, and lists get longer. */
  readonly isMerged?: boolean;
}

const SERVER_OWNED: ReadonlySet<string> = new Set(["apiVersion", "kind", "status"]);
const METADATA: ReadonlySet<string> = new Set(["annotations", "labels"]);
/** kubectl keeps a copy of what it applied in an annotation. */
const SECRET_FIELDS = /^(data|stringData|metadata\.annotations)(\.|$)/;

export function difference({ live, wanted, original, isMerged = false }: Compared): Difference {
  const changes: FieldChange[] = [];
  const isSecret = wanted["kind"] === "Secret";
  const paths: FieldPath[] = [];
  const add = (steps: FieldPath, from: JsonValue | undefined, to: JsonValue | undefined): void => {
    const path = steps.join(".");
    paths.push(steps);
    if (isSecret && SECRET_FIELDS.test(path)) changes.push({ path, isHidden: true });
    else changes.push({ path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
  };
  const compare = (path: FieldPath, now: JsonObject, then: JsonObject, before: JsonObject): JsonObject => {
    const patch: Record<string, JsonValue> = {};
    for (const name of new Set([...Object.keys(now), ...Object.keys(then)])) {
      if (path.length === 0 ? SERVER_OWNED.has(name) : isMetadata(path) && !METADATA.has(name)) continue;
      const [from, to, had] = [valueOf(now, name), valueOf(then, name), valueOf(before, name)];
      const at = [...path, name];
      if (to === undefined) {
        if (isMerged || had !== undefined || from === undefined) continue;
        patch[name] = null;
        add(at, from, undefined);
      } else if (isPlain(from) && isPlain(to)) {
        const inner = compare(at, from, to, isPlain(had) ? had : {});
        if (Object.keys(inner).length > 0) patch[name] = inner;
      } else if (!covers(from, to)) {
        const value =
          isMerged && isList(from) && isList(to) ? [...from, ...to.filter((item) => !from.some((one) => covers(one, item)))] : to;
        patch[name] = value;
        add(at, from, value);
      }
    }
    return patch;
  };
  const patch = compare([], live, wanted, original);
  return { changes, patch, paths };
}

/**
 * Whether all that is wanted is there. There may be more: defaults, what admission adds, and in lists of things that have names
 * further ones.
 */
export function covers(live: JsonValue | undefined, wanted: JsonValue): boolean {
  if (wanted === null) return live === undefined || live === null;
  if (isPlain(wanted)) return isPlain(live) && Object.entries(wanted).every(([name, value]) => covers(valueOf(live, name), value));
  if (!isList(wanted)) return isPlain(live) ? false : JSON.stringify(live) === JSON.stringify(wanted);
  if (!isList(live)) return wanted.length === 0 && live === undefined;
  const names = namesOf(live);
  if (names === undefined || namesOf(wanted) === undefined) {
    return live.length === wanted.length && wanted.every((item, index) => covers(live[index], item));
  }
  return wanted.every((item) => covers(live[names.indexOf(nameIn(item))], item));
}

/** `wanted` without what the API server or the cluster decides: its fields are those that a comparison is about. */
export function coversObject(live: JsonObject, wanted: JsonObject): boolean {
  const { status: _status, metadata, ...content } = wanted;
  const known = Object.entries(isJsonObject(metadata) ? metadata : {}).filter(([name]) => METADATA.has(name));
  return covers(live, { ...content, metadata: Object.fromEntries(known) });
}

function isMetadata([first, ...rest]: FieldPath): boolean {
  return first === "metadata" && rest.length === 0;
}

function valueOf(object: JsonObject, name: string): JsonValue | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return value ?? undefined;
}

/** An integer of many digits is an object for JavaScript only. */
function isPlain(value: JsonValue | undefined): value is JsonObject {
  return isJsonObject(value) && !JSON.isRawJSON(value);
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** undefined: they have none, or two have the same. */
function namesOf(items: readonly JsonValue[]): readonly string[] | undefined {
  const names = items.map(nameIn);
  return names.includes("") || new Set(names).size < names.length ? undefined : names;
}

function nameIn(item: JsonValue): string {
  const name = isPlain(item) ? item["name"] : undefined;
  return typeof name === "string" ? name : "";
}
