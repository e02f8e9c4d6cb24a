/** Restore points as sides of a comparison. */
import { byteStringOf } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../kube/json.ts";
import { pathOfFolder, pathOfObject } from "../object-path.ts";
import type { PointObject } from "../point-object.ts";
import type { RestorePoint } from "../restore-point.ts";
import { compareObjects, type ObjectDifference } from "./compare-objects.ts";
import type { ObjectDigests, View } from "./object-digests.ts";

export interface PointDiffOptions {
  readonly isAll: boolean;
  readonly view: View;
}

/** Folders in which nothing differs, as their tree says, are not read. */
export async function* comparePoints(
  before: RestorePoint,
  after: RestorePoint,
  options: PointDiffOptions,
): AsyncGenerator<ObjectDifference, void, undefined> {
  const [old, now] = await Promise.all([treesOf(before), treesOf(after)]);
  const isEqual = (folder: string): boolean => old.has(folder) && old.get(folder) === now.get(folder);
  const objectsOf = (point: RestorePoint): AsyncIterable<PointObject> =>
    point.objects((folder) => !isEqual(pathOfFolder(folder).join("/")));
  yield* compareObjects({
    before: objectsOf(before),
    readBefore: (object) => readObject(before, object),
    after: () => objectsOf(after),
    ...options,
  });
}

/** @param after as `compareObjects()` takes it */
export async function* comparePointWith(
  before: RestorePoint,
  after: (before: ObjectDigests) => AsyncIterable<PointObject>,
  options: PointDiffOptions,
): AsyncGenerator<ObjectDifference, void, undefined> {
  yield* compareObjects({
    before: before.objects(),
    readBefore: (object) => readObject(before, object),
    after,
    ...options,
  });
}

async function treesOf(point: RestorePoint): Promise<ReadonlyMap<string, string>> {
  const folders = await Array.fromAsync(point.folders());
  return new Map(folders.map(({ tree, ...folder }) => [pathOfFolder(folder).join("/"), tree]));
}

async function readObject(point: RestorePoint, { resource, namespace, name }: Omit<PointObject, "object">): Promise<JsonObject> {
  const path = pathOfObject({ resource, namespace }, name);
  const content = await point.readFile(path.map(byteStringOf));
  const object = content === undefined ? undefined : parseJson(Buffer.from(content).toString("utf8"));
  if (isJsonObject(object)) return object;
  throw new DomainError("corrupt", "restore_point", `Cannot read restore point ${point.description.id}: "${path.join("/")}" is no object`);
}
