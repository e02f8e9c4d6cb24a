/** Which pods are databases, by what their objects say: nothing is run. The pods of one workload are one database. */
import type { FindingSink } from "../base/finding.ts";
import { DomainError } from "../base/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../kube/json.ts";
import { type Annotations, readAnnotations } from "./annotations.ts";
import type { Blueprint, BlueprintMatch } from "./blueprint.ts";
import { type Database, type DatabasePod } from "./database.ts";
import { compileImagePattern } from "./image-pattern.ts";
import { OwnerIndex, type OwnerName } from "./owners.ts";

export interface RecogniseOptions {
  /** The first one that fits counts. */
  readonly blueprints: readonly Blueprint[];
  /** What pods may belong to: workloads, and the custom resources above them. Metadata is enough. */
  readonly owners: Iterable<JsonObject>;
  /** Is told of annotations that make no sense. */
  readonly report: FindingSink;
}

interface Recognised {
  readonly blueprint: Blueprint | undefined;
  readonly hooks: Annotations["hooks"];
  readonly hookPrograms: Annotations["hookPrograms"];
  readonly container: string;
}

/** In the order of their namespaces and workloads. */
export function recogniseDatabases(pods: Iterable<JsonObject>, { blueprints, owners, report }: RecogniseOptions): readonly Database[] {
  const index = new OwnerIndex(owners);
  const found = new Map<string, Database>();
  for (const pod of [...pods].toSorted((a, b) => nameOf(a).localeCompare(nameOf(b), "en", { numeric: true }))) {
    const chain = index.chainOf(pod);
    // What a Job runs is a client more often than not, and over soon.
    if (isOver(pod) || chain.some(({ kind, group }) => kind === "Job" && group === "batch")) continue;
    const workload = workloadOf(pod, chain);
    const namespace = textIn(objectIn(pod, "metadata"), "namespace") ?? "";
    const recognised = guarded(report, `${workload} in namespace "${namespace}"`, (of) =>
      recognise(pod, chain, { blueprints, of, above: chain.map((owner) => index.objectOf(owner) ?? {}) }),
    );
    if (recognised === undefined) continue;
    const key = `${namespace} ${workload}`;
    const before = found.get(key);
    const podEntry = databasePod(pod, before?.container ?? recognised.container);
    found.set(key, {
      ...(before ?? { ...recognised, namespace, workload }),
      pods: [...(before?.pods ?? []), podEntry],
      claims: [...new Set([...(before?.claims ?? []), ...podEntry.claims])],
    });
  }
  return [...found.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, database]) => database);
}

function guarded<T>(report: FindingSink, of: string, work: (of: string) => T): T | undefined {
  try {
    return work(of);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    report({ grade: "partial", code: error.code, object: of, message: error.message });
    return undefined;
  }
}

interface Surroundings {
  readonly blueprints: readonly Blueprint[];
  readonly of: string;
  readonly above: readonly JsonObject[];
}

function recognise(pod: JsonObject, chain: readonly OwnerName[], { blueprints, of, above }: Surroundings): Recognised | undefined {
  const said = readAnnotations([pod, ...above], of);
  if (said.blueprint === "none" && said.hooks === undefined) return undefined;
  const containers = listIn(objectIn(pod, "spec"), "containers");
  const usual = usualContainer(pod, containers);
  const isThere = (name: string): boolean => containers.some((container) => textIn(container, "name") === name);
  if (said.container !== undefined && !isThere(said.container)) {
    throw new DomainError("usage", "hook_annotation", `Cannot use the hooks of ${of}: there is no container "${said.container}"`);
  }
  const result = (blueprint: Blueprint | undefined, container: string): Recognised => ({
    blueprint,
    hooks: said.hooks,
    hookPrograms: said.hookPrograms,
    container: said.container ?? container,
  });
  if (said.blueprint !== undefined && said.blueprint !== "none") {
    const blueprint = blueprints.find(({ name }) => name === said.blueprint);
    if (blueprint !== undefined) return result(blueprint, containerFor(blueprint.match, containers) ?? usual);
    throw new DomainError("usage", "blueprint_unknown", `Cannot quiesce ${of}: there is no blueprint "${said.blueprint}"`, {
      hint: 'See "holdfast blueprint list"',
    });
  }
  const blueprint = said.blueprint === "none" ? undefined : blueprints.find(({ match }) => fits(match, pod, chain));
  if (blueprint === undefined) return said.hooks === undefined ? undefined : result(undefined, usual);
  const container = said.container ?? containerFor(blueprint.match, containers) ?? usual;
  // A client has the image of its server; what tells them apart is that the server keeps something.
  return said.hooks === undefined && claimsOf(pod, container).length === 0 ? undefined : result(blueprint, container);
}

function fits(match: BlueprintMatch, pod: JsonObject, chain: readonly OwnerName[]): boolean {
  const labels = objectIn(objectIn(pod, "metadata"), "labels");
  const has = ([name, value]: readonly [string, string]): boolean => {
    const label = textIn(labels, name);
    return label !== undefined && (value === "*" || label === value);
  };
  return (
    containerFor(match, listIn(objectIn(pod, "spec"), "containers")) !== undefined ||
    match.labels.some((set) => Object.entries(set).every(has)) ||
    match.owners.some((owner) => chain.some(({ kind, group }) => owner === kind || owner === `${kind}.${group}`))
  );
}

function containerFor({ images }: BlueprintMatch, containers: readonly JsonValue[]): string | undefined {
  const patterns = images.map(compileImagePattern);
  const container = containers.find((one) => patterns.some((isMeant) => isMeant?.(textIn(one, "image") ?? "") === true));
  return container === undefined ? undefined : textIn(container, "name");
}

/** The one that people name as such, or else the first that keeps something, or the first of all. */
function usualContainer(pod: JsonObject, containers: readonly JsonValue[]): string {
  const names = containers.map((container) => textIn(container, "name") ?? "");
  const named = textIn(objectIn(objectIn(pod, "metadata"), "annotations"), "kubectl.kubernetes.io/default-container");
  return names.find((name) => name === named) ?? names.find((name) => claimsOf(pod, name).length > 0) ?? names[0] ?? "";
}

/** `Deployment/db` rather than the ReplicaSet in between; not what an operator made the workload out of. */
function workloadOf(pod: JsonObject, [first, second]: readonly OwnerName[]): string {
  if (first === undefined) return `Pod/${nameOf(pod)}`;
  const owner = first.kind === "ReplicaSet" && second?.kind === "Deployment" ? second : first;
  return `${owner.kind}/${owner.name}`;
}

function databasePod(pod: JsonObject, container: string): DatabasePod {
  const status = objectIn(pod, "status");
  const isLeaving = textIn(objectIn(pod, "metadata"), "deletionTimestamp") !== undefined;
  const isReady = listIn(status, "conditions").some(
    (condition) => textIn(condition, "type") === "Ready" && textIn(condition, "status") === "True",
  );
  return { name: nameOf(pod), isReady: isReady && !isLeaving, claims: claimsOf(pod, container) };
}

function claimsOf(pod: JsonObject, container: string): readonly string[] {
  const spec = objectIn(pod, "spec");
  const own = listIn(spec, "containers").find((one) => textIn(one, "name") === container);
  const used = new Set([...listIn(own, "volumeMounts"), ...listIn(own, "volumeDevices")].map((mount) => textIn(mount, "name")));
  const claims = listIn(spec, "volumes")
    .filter((volume) => used.has(textIn(volume, "name")))
    .map((volume) => {
      const isOwn = isJsonObject(volume) && isJsonObject(volume["ephemeral"]);
      return isOwn ? `${nameOf(pod)}-${textIn(volume, "name")}` : textIn(objectIn(volume, "persistentVolumeClaim"), "claimName");
    });
  return claims.filter((claim) => claim !== undefined);
}

function isOver(pod: JsonObject): boolean {
  return ["Succeeded", "Failed"].includes(textIn(objectIn(pod, "status"), "phase") ?? "");
}

function nameOf(object: JsonObject): string {
  return textIn(objectIn(object, "metadata"), "name") ?? "";
}
