/** Changes deep in an object, made on copies: what is not changed is shared with the original, numbers of many digits included. */
import { isJsonObject, type JsonObject, type JsonValue } from "../../kube/json.ts";

/** Names of fields; `[]` is every item of a list. */
export type Path = readonly string[];

/** @param text as `spec.volumes[].name`; no name in it may have a dot */
export function at(text: string): Path {
  return text.split(".").flatMap((part) => (part.endsWith("[]") ? [part.slice(0, -2), "[]"] : [part]));
}

/**
 * @param edit makes another value of each that is there; undefined removes it
 * @returns the very same value if nothing changed
 */
export function change(value: JsonValue, path: Path, edit: (value: JsonValue) => JsonValue | undefined): JsonValue {
  return changeOrRemove(value, path, edit) ?? value;
}

/** As `change()`, for what is an object and stays one. */
export function changeIn(object: JsonObject, path: Path, edit: (value: JsonValue) => JsonValue | undefined): JsonObject {
  return change(object, path, edit) as JsonObject;
}

export function without(object: JsonObject, names: readonly string[]): JsonObject {
  return names.some((name) => name in object)
    ? Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
    : object;
}

/** Takes entries out of a map, and the map with its last one. */
export function withoutEntries(object: JsonObject, path: Path, isTaken: (name: string) => boolean): JsonObject {
  return changeIn(object, path, (map) => {
    if (!isJsonObject(map)) return map;
    const entries = Object.entries(map);
    const kept = entries.filter(([name]) => !isTaken(name));
    if (kept.length === entries.length) return map;
    return kept.length === 0 ? undefined : Object.fromEntries(kept);
  });
}

function changeOrRemove(value: JsonValue, path: Path, edit: (value: JsonValue) => JsonValue | undefined): JsonValue | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return edit(value);
  if (step === "[]") return Array.isArray(value) ? changeItems(value as readonly JsonValue[], rest, edit) : value;
  const inner = isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  if (!isJsonObject(value) || inner === undefined) return value;
  const changed = changeOrRemove(inner, rest, edit);
  if (changed === inner) return value;
  return changed === undefined ? without(value, [step]) : { ...value, [step]: changed };
}

function changeItems(items: readonly JsonValue[], path: Path, edit: (value: JsonValue) => JsonValue | undefined): readonly JsonValue[] {
  const changed = items.map((item) => changeOrRemove(item, path, edit));
  return changed.every((item, index) => item === items[index]) ? items : changed.filter((item) => item !== undefined);
}
