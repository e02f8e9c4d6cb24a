/**
 * The folder of a cluster in a location. It is named after the cluster, for people; that it belongs to a cluster is said by a record with the
 * cluster's id, so that two of one name have two folders, and one that is renamed keeps its own.
 */
import { DomainError } from "../base/errors.ts";
import type { CallOptions, ObjectKey } from "../storage/object-store.ts";
import { LOCATION_FOLDER, type Location } from "./location.ts";
import { addRecord, readRecord, recordKey } from "./records.ts";

export interface Cluster {
  /** The uid of its namespace kube-system. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
}

const FOLDER = `${LOCATION_FOLDER}/clusters`;
const MAX_NAME = 60;
/** Of the id, in the folder of a cluster whose name is taken. */
const ID_LETTERS = 8;

/** undefined: the cluster has none yet. */
export async function findClusterFolder(location: Location, cluster: Cluster, options: CallOptions): Promise<string | undefined> {
  const names = candidates(cluster);
  for (const name of names) if ((await ownerOf(location, name, options)) === cluster.id) return name;
  for await (const { key } of location.store.list(`${FOLDER}/`, options)) {
    const name = key.slice(FOLDER.length + 1);
    // It had another name once.
    if (!names.includes(name) && (await ownerOf(location, name, options)) === cluster.id) return name;
  }
  return undefined;
}

/** Makes one if the cluster has none. Of two who do so at a time both get the same. */
export async function clusterFolder(location: Location, cluster: Cluster, options: CallOptions): Promise<string> {
  const found = await findClusterFolder(location, cluster, options);
  if (found !== undefined) return found;
  for (const name of candidates(cluster)) {
    if (await addRecord(location, keyOf(name), { cluster: cluster.id }, options)) return name;
    if ((await ownerOf(location, name, options)) === cluster.id) return name;
  }
  const taken = `the names ${candidates(cluster)
    .map((name) => `"${name}"`)
    .join(" and ")} belong to other clusters`;
  throw new DomainError(
    "conflict",
    "cluster_folder",
    `Cannot find a folder for cluster "${cluster.name}" in "${location.store.url}": ${taken}`,
  );
}

function candidates({ id, name }: Cluster): readonly string[] {
  const short = id
    .replaceAll(/[^0-9a-z]/gi, "")
    .slice(0, ID_LETTERS)
    .toLowerCase();
  const plain = folderName(name);
  return plain === "" ? [`cluster-${short}`] : [plain, `${plain}-${short}`];
}

function folderName(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^0-9a-z.-]+/g, "-")
    .replaceAll(/^[.-]+|[.-]+$/g, "")
    .slice(0, MAX_NAME);
  return plain === LOCATION_FOLDER ? "" : plain;
}

async function ownerOf(location: Location, name: string, options: CallOptions): Promise<string | undefined> {
  return (await readRecord(location, keyOf(name), "cluster record", options))?.text("cluster");
}

function keyOf(name: string): ObjectKey {
  return recordKey(FOLDER, name);
}
