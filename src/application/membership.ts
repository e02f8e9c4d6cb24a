/**
 * Which unit an object is in. It is decided for each object by itself as it streams by, and by the same function for all units: so
 * the units of a cluster together are all that it has, less what `exclusions.ts` names, and nothing is in two.
 */
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import type { ResourceTable } from "../kube/resource-table.ts";
import type { ResourceType } from "../kube/resource-type.ts";
import { Claims } from "./claims.ts";
import { type ExclusionReason, objectExclusion, resourceExclusion } from "./exclusions.ts";
import { builtInController, type Owner } from "./owners.ts";
import type { DeclaredUnit, Unit } from "./unit.ts";

export type Membership =
  | { readonly kind: "own" }
  /** A member that its controller would make again: a restore leaves it to that. */
  | { readonly kind: "child"; readonly controller: Owner }
  | { readonly kind: "left-out"; readonly reason: ExclusionReason }
  /** In another unit. */
  | { readonly kind: "elsewhere" };

export type IsMember = (object: JsonObject) => Membership;

export interface MemberList {
  readonly resource: ResourceType;
  /** Without one it is a list of the whole cluster. */
  readonly namespace?: string;
  readonly fieldSelector?: string;
}

export interface UnitScope {
  readonly unit: Unit;
  /** Where its members are; others are there, too. Each resource in the version that the server prefers. */
  readonly lists: readonly MemberList[];
  /** An object of these lists, with apiVersion and kind. The metadata is enough but for a PersistentVolume. */
  readonly membership: IsMember;
}

export interface LeftOutResource {
  readonly resource: ResourceType;
  readonly reason: ExclusionReason;
}

export class MembershipRules {
  /** In one version each. */
  readonly resources: readonly ResourceType[];
  readonly leftOut: readonly LeftOutResource[];
  readonly claims: Claims;

  constructor(table: ResourceTable, claims: Claims) {
    const judged = judge(table);
    this.resources = judged.resources;
    this.leftOut = judged.leftOut;
    this.claims = claims;
  }

  /**
   * Looks at the namespaces of the declared units.
   *
   * @throws {DomainError} usage/selector: of a declared unit
   */
  static async load(api: KubeApi, table: ResourceTable, declared: readonly DeclaredUnit[], signal?: AbortSignal): Promise<MembershipRules> {
    const namespaced = judge(table).resources.filter(({ isNamespaced }) => isNamespaced);
    return new MembershipRules(table, await Claims.load(api, namespaced, declared, signal));
  }

  scopeOf(unit: Unit): UnitScope {
    return { unit, lists: this.#listsOf(unit), membership: (object) => this.#membership(unit, object) };
  }

  /** The one unit that an object is in, if it is not left out. */
  unitOf(object: JsonObject): Unit {
    const metadata = objectIn(object, "metadata");
    const [namespace, name] = [textIn(metadata, "namespace"), textIn(metadata, "name") ?? ""];
    if (namespace !== undefined) return this.claims.unitOf(object) ?? { kind: "namespace", name: namespace };
    if (isCore(object, "Namespace")) return { kind: "namespace", name };
    return (isCore(object, "PersistentVolume") ? this.#unitOfVolume(object) : undefined) ?? { kind: "cluster", name: "cluster" };
  }

  /** With that of its claim, as long as it has one: a volume that was released is nobody's. */
  #unitOfVolume(volume: JsonObject): Unit | undefined {
    const claim = objectIn(objectIn(volume, "spec"), "claimRef");
    const namespace = textIn(claim, "namespace");
    if (namespace === undefined || textIn(objectIn(volume, "status"), "phase") !== "Bound") return undefined;
    return this.claims.unitOfUid(textIn(claim, "uid") ?? "") ?? { kind: "namespace", name: namespace };
  }

  #membership(unit: Unit, object: JsonObject): Membership {
    const reason = objectExclusion(object);
    if (reason !== undefined) return { kind: "left-out", reason };
    const { kind, name } = this.unitOf(object);
    if (kind !== unit.kind || name !== unit.name) return { kind: "elsewhere" };
    const controller = builtInController(object);
    return controller === undefined ? { kind: "own" } : { kind: "child", controller };
  }

  #listsOf(unit: Unit): readonly MemberList[] {
    if (unit.kind === "cluster") {
      const resources = this.resources.filter((resource) => !resource.isNamespaced && !isNamespaces(resource));
      return resources.map((resource) => ({ resource }));
    }
    const namespaces = unit.kind === "namespace" ? [unit.name] : [...new Set(unit.namespaces)];
    return this.resources.flatMap((resource): readonly MemberList[] => {
      if (resource.isNamespaced) return namespaces.map((namespace) => ({ resource, namespace }));
      if (isVolumes(resource)) return [{ resource }];
      return unit.kind === "namespace" && isNamespaces(resource) ? [{ resource, fieldSelector: `metadata.name=${unit.name}` }] : [];
    });
  }
}

function judge(table: ResourceTable): Pick<MembershipRules, "leftOut" | "resources"> {
  const [resources, leftOut]: [ResourceType[], LeftOutResource[]] = [[], []];
  for (const resource of table.resources.filter(({ isPreferred }) => isPreferred)) {
    const reason = resourceExclusion(resource);
    if (reason === undefined) resources.push(resource);
    else leftOut.push({ resource, reason });
  }
  return { resources, leftOut };
}

function isCore(object: JsonObject, kind: string): boolean {
  return textIn(object, "apiVersion") === "v1" && textIn(object, "kind") === kind;
}

function isNamespaces({ group, plural }: ResourceType): boolean {
  return group === "" && plural === "namespaces";
}

function isVolumes({ group, plural }: ResourceType): boolean {
  return group === "" && plural === "persistentvolumes";
}
