/** Where an object lies in a restore point: `/objects/<namespace or _cluster>/<group or core>/<resource>/<version>/<name>.json`. */
import { createHash } from "node:crypto";
import type { ResourcePath } from "../kube/resource-type.ts";

export const OBJECTS_FOLDER = "objects";
export const VOLUMES_FOLDER = "volumes";
export const STREAMS_FOLDER = "streams";
export const DESCRIPTION_FILE = "holdfast.json";
/** Where objects of the cluster lie. No namespace has such a name. */
export const CLUSTER_FOLDER = "_cluster";
const CORE_FOLDER = "core";
const SUFFIX = ".json";
/** Names of files have 255 bytes at most; ours end in a suffix. */
const MAX_NAME_BYTES = 240;
/** What a file system takes as a name, and no path as more than one. Others are hashed; the object has its name inside. */
const PLAIN_NAME = /^[^/\0~][^/\0]*$/;

export interface ObjectFolder {
  readonly resource: ResourcePath;
  /** undefined: objects of the cluster. */
  readonly namespace: string | undefined;
}

export function pathOfFolder({ resource, namespace }: ObjectFolder): readonly string[] {
  return [
    OBJECTS_FOLDER,
    namespace ?? CLUSTER_FOLDER,
    resource.group === "" ? CORE_FOLDER : resource.group,
    resource.plural,
    resource.version,
  ];
}

export function pathOfObject(folder: ObjectFolder, name: string): readonly string[] {
  return [...pathOfFolder(folder), fileName(name)];
}

/** Claims of a unit over several namespaces are told apart by a character that no name of Kubernetes has. */
export function pathOfVolume(namespaces: readonly string[], namespace: string, claim: string): readonly string[] {
  return [VOLUMES_FOLDER, namespaces.length > 1 ? `${namespace}_${claim}` : claim];
}

/** Below the root of the point; undefined: no folder of objects has that path. */
export function parseFolder(names: readonly string[]): ObjectFolder | undefined {
  const [top, namespace, group, plural, version, ...more] = names;
  if (top !== OBJECTS_FOLDER || namespace === undefined || group === undefined || plural === undefined || version === undefined)
    return undefined;
  if (more.length > 0) return undefined;
  return {
    resource: { group: group === CORE_FOLDER ? "" : group, plural, version },
    namespace: namespace === CLUSTER_FOLDER ? undefined : namespace,
  };
}

export function isObjectFile(name: string): boolean {
  return name.endsWith(SUFFIX);
}

function fileName(name: string): string {
  const isPlain = PLAIN_NAME.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES;
  return `${isPlain ? name : `~${createHash("sha256").update(name).digest("hex")}`}${SUFFIX}`;
}
