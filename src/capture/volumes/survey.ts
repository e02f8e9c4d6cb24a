/** Looks up what the plan of the volumes needs to know; nothing is changed. */
import { mapConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { MembershipRules } from "../../application/membership.ts";
import { namespacesOf, type Unit } from "../../application/unit.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { getObject } from "../../kube/objects.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import type { ResourcePath } from "../../kube/resource-type.ts";
import { type ClaimFacts, claimFacts } from "./claim-facts.ts";
import type { StorageFacts } from "./plan-volumes.ts";
import { type SnapshotClass, snapshotClass, storageClass } from "./snapshot-classes.ts";
import { groupSnapshotKinds, snapshotKinds } from "./snapshot-kinds.ts";

export interface SurveyOptions {
  readonly api: KubeApi;
  readonly table: ResourceTable;
  readonly rules: MembershipRules;
  readonly unit: Unit;
  /** Holdfast's. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

export interface Survey {
  readonly claims: readonly ClaimFacts[];
  readonly storage: StorageFacts;
  readonly groupClasses: readonly SnapshotClass[];
  /** Of the unit's namespaces, in any unit. */
  readonly pods: readonly JsonObject[];
}

export const CLAIMS = { group: "", version: "v1", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim" } as const;
export const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" } as const;
const VOLUMES = { group: "", version: "v1", plural: "persistentvolumes" } as const;
const SECRETS = { group: "", version: "v1", plural: "secrets" } as const;
const STORAGE_CLASSES = { group: "storage.k8s.io", version: "v1", plural: "storageclasses", kind: "StorageClass" } as const;
const CONCURRENT_GETS = 8;

/** @throws {DomainError} forbidden/kube_forbidden: with the rule to add */
export async function surveyVolumes(options: SurveyOptions): Promise<Survey> {
  const { api, table, unit, signal } = options;
  const [found, ...pods] = await Promise.all([
    listClaims(options),
    ...namespacesOf(unit).map((namespace) => listAll(api, PODS, { namespace, signal })),
  ]);
  if (found.length === 0) return { ...NO_VOLUMES, pods: pods.flat() };
  const [classes, groupClasses, storageClasses, volumes] = await Promise.all([
    listOf(api, snapshotKinds(table)?.classes, signal),
    listOf(api, groupSnapshotKinds(table)?.classes, signal),
    listAll(api, STORAGE_CLASSES, { signal }),
    mapConcurrent(found, { limit: CONCURRENT_GETS, signal }, (claim) => volumeOf(api, claim, signal)),
  ]);
  const allPods = pods.flat();
  const claims = found.map((claim, at) => {
    const { namespace } = placeOf(claim);
    return claimFacts(
      claim,
      volumes[at],
      allPods.filter((pod) => placeOf(pod).namespace === namespace),
    );
  });
  const ofStorage = storageClasses.map(storageClass);
  const storage = {
    hasSnapshots: snapshotKinds(table) !== undefined,
    snapshotClasses: classes.map(snapshotClass),
    storageClasses: ofStorage,
    secrets: await secretsIn(
      options,
      ofStorage.flatMap(({ tenantSecret, name }) => (isUsed(name, claims) ? (tenantSecret ?? []) : [])),
    ),
  };
  return { claims, storage, groupClasses: groupClasses.map(snapshotClass), pods: allPods };
}

export const NO_VOLUMES: Survey = {
  claims: [],
  storage: { hasSnapshots: false, snapshotClasses: [], storageClasses: [], secrets: new Set() },
  groupClasses: [],
  pods: [],
};

/** Those that are members of the unit. */
export async function listClaims(
  { api, rules, unit, signal }: Pick<SurveyOptions, "api" | "rules" | "signal" | "unit">,
  isMetadataOnly = false,
): Promise<readonly JsonObject[]> {
  const { membership } = rules.scopeOf(unit);
  const lists = namespacesOf(unit).map((namespace) => listAll(api, CLAIMS, { namespace, isMetadataOnly, signal }));
  return (await Promise.all(lists)).flat().filter((claim) => ["child", "own"].includes(membership(claim).kind));
}

async function volumeOf(api: KubeApi, claim: JsonObject, signal: AbortSignal): Promise<JsonObject | undefined> {
  const name = textIn(objectIn(claim, "spec"), "volumeName");
  return name === undefined || name === "" ? undefined : getIfThere(api, VOLUMES, { name }, signal);
}

async function secretsIn({ api, namespace, signal }: SurveyOptions, names: readonly string[]): Promise<ReadonlySet<string>> {
  const there = await Promise.all(
    [...new Set(names)].map(async (name) => ((await getIfThere(api, SECRETS, { namespace, name }, signal)) === undefined ? [] : [name])),
  );
  return new Set(there.flat());
}

function isUsed(storageClassName: string, claims: readonly ClaimFacts[]): boolean {
  return claims.some((claim) => claim.storageClass === storageClassName);
}

async function listOf(
  api: KubeApi,
  resource: (ResourcePath & { readonly kind: string }) | undefined,
  signal: AbortSignal,
): Promise<readonly JsonObject[]> {
  return resource === undefined ? [] : listAll(api, resource, { signal });
}

export async function listAll(
  api: KubeApi,
  resource: ResourcePath & { readonly kind: string },
  options: {
    readonly namespace?: string;
    readonly labelSelector?: string;
    readonly isMetadataOnly?: boolean;
    readonly signal: AbortSignal;
  },
): Promise<readonly JsonObject[]> {
  return (await Array.fromAsync(listPages(api, resource, options), ({ items }) => items)).flat();
}

export async function getIfThere(
  api: KubeApi,
  resource: ResourcePath,
  place: { readonly name: string; readonly namespace?: string },
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  try {
    return await getObject(api, resource, place, { signal });
  } catch (error) {
    if (error instanceof DomainError && error.code === "kube_not_found") return undefined;
    throw error;
  }
}

function placeOf(object: JsonObject): { readonly namespace: string; readonly name: string } {
  const metadata = objectIn(object, "metadata");
  return { namespace: textIn(metadata, "namespace") ?? "", name: textIn(metadata, "name") ?? "" };
}
