/** A unit as it is in its cluster now, captured as a backup would, to be compared with a restore point. */
import { captureObjects, type CaptureOptions, type PointFiles } from "../capture/capture.ts";
import { isJsonObject, objectIn, parseJson, textIn } from "../kube/json.ts";
import { idOfObject, type ObjectId } from "../kube/object-id.ts";
import type { ObjectDigests } from "../point/diff/object-digests.ts";
import { parseFolder } from "../point/object-path.ts";
import type { PointObject } from "../point/point-object.ts";

/** Gives the objects that are not in the point, or are other than there, and marks the rest as seen. */
export async function* differingLive(before: ObjectDigests, options: CaptureOptions): AsyncGenerator<PointObject, void, undefined> {
  const files = new DifferingFiles(before);
  await captureObjects(files, options);
  for (const id of files.same.values()) before.see(id);
  yield* files.differing.values();
}

/** Most objects are as they were, and of those memory has no more than the name. By path, since a list that is begun again takes back what it gave. */
export class DifferingFiles implements PointFiles {
  readonly same: Map<string, ObjectId> = new Map();
  readonly differing: Map<string, PointObject> = new Map();
  readonly #before: ObjectDigests;

  constructor(before: ObjectDigests) {
    this.#before = before;
  }

  add(path: readonly string[], content: Uint8Array): void {
    const folder = parseFolder(path.slice(0, -1));
    const object = parseJson(Buffer.from(content.buffer, content.byteOffset, content.length).toString("utf8"));
    if (folder === undefined || !isJsonObject(object)) return;
    const captured = { ...folder, name: textIn(objectIn(object, "metadata"), "name") ?? "", object };
    if (this.#before.isSame(captured)) this.same.set(path.join("/"), idOfObject(object));
    else this.differing.set(path.join("/"), captured);
  }

  remove(path: readonly string[]): void {
    this.same.delete(path.join("/"));
    this.differing.delete(path.join("/"));
  }

  /** Nothing is on its way anywhere. */
  async room(): Promise<void> {
    return undefined;
  }
}
