/** Which units have a repository in a location, and where it is. */
import { DomainError } from "../base/errors.ts";
import { mapConcurrent } from "../base/concurrency.ts";
import type { Finding } from "../base/finding.ts";
import type { CallOptions, ObjectKey } from "../storage/object-store.ts";
import { type Cluster, clusterFolder, findClusterFolder } from "./cluster-folder.ts";
import { LOCATION_FOLDER, type Location } from "./location.ts";
import { addRecord, readRecord, recordKey } from "./records.ts";

export type UnitKind = "cluster" | "declared" | "namespace";

export interface UnitName {
  readonly kind: UnitKind;
  readonly name: string;
}

export interface UnitPlace {
  readonly cluster: Cluster;
  readonly unit: UnitName;
  /** Of its repository, below the location: `prod/shop/_namespace`. */
  readonly path: string;
}

const FOLDER = `${LOCATION_FOLDER}/units`;
const CONCURRENT_READS = 16;
const KINDS: ReadonlySet<string> = new Set<UnitKind>(["cluster", "declared", "namespace"]);

/** By path; records that cannot be read are findings. */
export async function listUnits(
  location: Location,
  options: CallOptions,
): Promise<{ readonly units: readonly UnitPlace[]; readonly findings: readonly Finding[] }> {
  const infos = await Array.fromAsync(location.store.list(`${FOLDER}/`, options));
  const findings: Finding[] = [];
  const read = await mapConcurrent(infos, { limit: CONCURRENT_READS, signal: options.signal }, async ({ key }, signal) => {
    try {
      return await readUnit(location, key, { signal });
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
      findings.push({ grade: "critical", code: "unit_record_damaged", object: key, message: error.message });
      return undefined;
    }
  });
  return { units: read.filter((unit) => unit !== undefined), findings };
}

/** undefined: it was never backed up here. */
export async function findUnit(location: Location, cluster: Cluster, unit: UnitName, options: CallOptions): Promise<UnitPlace | undefined> {
  const folder = await findClusterFolder(location, cluster, options);
  return folder === undefined ? undefined : readUnit(location, recordKey(FOLDER, pathOf(folder, unit)), options);
}

/** Notes that the unit has a repository here, or is about to. */
export async function addUnit(location: Location, cluster: Cluster, unit: UnitName, options: CallOptions): Promise<UnitPlace> {
  const folder = await clusterFolder(location, cluster, options);
  const path = pathOf(folder, unit);
  const fields = { cluster: { id: cluster.id, name: cluster.name }, unit: { kind: unit.kind, name: unit.name } };
  await addRecord(location, recordKey(FOLDER, path), fields, options);
  return { cluster, unit, path };
}

/** Names of Kubernetes begin with no underscore. */
function pathOf(folder: string, { kind, name }: UnitName): string {
  if (kind === "cluster") return `${folder}/_cluster`;
  return kind === "namespace" ? `${folder}/${name}/_namespace` : `${folder}/_applications/${name}`;
}

async function readUnit(location: Location, key: ObjectKey, options: CallOptions): Promise<UnitPlace | undefined> {
  const fields = await readRecord(location, key, "unit record", options);
  if (fields === undefined) return undefined;
  const [cluster, unit] = [fields.requiredObject("cluster"), fields.requiredObject("unit")];
  const kind = unit.text("kind");
  if (!isKind(kind)) throw fields.fault(`there is no kind of unit "${kind}"`);
  return {
    cluster: { id: cluster.requiredText("id"), name: cluster.text("name") },
    unit: { kind, name: unit.requiredText("name") },
    path: key.slice(FOLDER.length + 1),
  };
}

function isKind(kind: string): kind is UnitKind {
  return KINDS.has(kind);
}
