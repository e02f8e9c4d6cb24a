/**
 * What a unit needs from outside. Its members stream by once; kept are the distinct things that they refer to, the names of their
 * accounts and services, and one example of each kind: not the members.
 */
import type { Finding } from "../../base/finding.ts";
import type { JsonObject } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { idOfObject, keyOf, type ObjectId } from "../../kube/object-id.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import { objectExclusion } from "../exclusions.ts";
import type { MembershipRules } from "../membership.ts";
import { builtInController } from "../owners.ts";
import { referencesOf } from "../references/references.ts";
import { releaseMarkOf } from "../releases/marks.ts";
import { SERVICE, SERVICE_ACCOUNT } from "../references/reference.ts";
import type { Dependency, Unit } from "../unit.ts";
import { Needs } from "./needs.ts";
import { POINTING_KINDS, pointerOf, type Seen } from "./pointing.ts";
import { type FoundDependency, Search } from "./search.ts";

/** Another unit that a member refers to, by one of the objects that are meant. */
export interface UsedUnit extends Dependency {
  readonly unit: Unit;
}

export interface Dependencies {
  readonly found: readonly FoundDependency[];
  /** Referred to, and not there. */
  readonly missing: readonly Dependency[];
  readonly uses: readonly UsedUnit[];
  /** What could not be looked at. */
  readonly findings: readonly Finding[];
}

/** These go with a claim or a snapshot, and mean nothing without it. */
const OF_STORAGE = new Set(["PersistentVolume", "VolumeSnapshotContent"]);
/** Helm puts it on all that it installs. */
const HELM_SELECTOR = "app.kubernetes.io/managed-by=Helm";
const NAMESPACE = { group: "", kind: "Namespace", namespace: undefined };

export class DependencyCollector {
  readonly #rules: MembershipRules;
  readonly #unit: Unit;
  readonly #isMember: ((object: JsonObject) => boolean) | undefined;
  readonly #namespaces: readonly string[];
  readonly #needs = new Needs();
  readonly #outside = new Needs();
  readonly #examples = new Map<string, ObjectId>();
  readonly #pointedAt = new Set<string>();
  /** One member of each release of Helm, by its name and namespace. */
  readonly #releases = new Map<string, ObjectId>();

  /** @param isMember Of a part of a unit: whether an object of the unit is in it */
  constructor(rules: MembershipRules, unit: Unit, isMember?: (object: JsonObject) => boolean) {
    this.#rules = rules;
    this.#unit = unit;
    this.#isMember = isMember;
    this.#namespaces = unit.kind === "namespace" ? [unit.name] : unit.kind === "declared" ? unit.namespaces : [];
  }

  /** A member, whole. */
  add(object: JsonObject): void {
    const id = idOfObject(object);
    const kind = `${id.group} ${id.kind}`;
    if (!this.#examples.has(kind)) this.#examples.set(kind, id);
    if (id.group === "" && (id.kind === SERVICE.kind || id.kind === SERVICE_ACCOUNT.kind)) this.#pointedAt.add(keyOf(id));
    const release = helmReleaseKey(object);
    if (release !== undefined && !this.#releases.has(release)) this.#releases.set(release, id);
    this.#addReferences(object, id, builtInController(object) !== undefined);
  }

  /** After the last member. */
  async dependencies(api: KubeApi, table: ResourceTable, signal?: AbortSignal): Promise<Dependencies> {
    const search = new Search(api, table, signal);
    const pointing = this.#unit.kind === "cluster" ? [] : await this.#unnamed(search, new Search(api, table, signal));
    const direct = await search.fetch(this.#directNeeds().filter(({ id }) => !pointing.some((found) => keyOf(found.id) === keyOf(id))));
    const found = [...pointing, ...direct];
    const second = await search.fetch(this.#needsOf(found));
    const { beside, uses } = await this.#otherUnits(search);
    return { found: [...found, ...second, ...beside], missing: search.missing, uses, findings: search.findings };
  }

  #directNeeds(): readonly Dependency[] {
    const places = this.#unit.kind === "declared" ? this.#namespaces : [];
    return [...places.map((name) => ({ id: { ...NAMESPACE, name }, of: [], why: "its namespace" })), ...this.#needs.all()];
  }

  /** What is needed though no member names it. */
  async #unnamed(search: Search, silent: Search): Promise<readonly FoundDependency[]> {
    return distinct([...(await this.#pointing(search)), ...(await this.#installed(silent))]);
  }

  /** What those found refer to themselves; further it does not go. */
  #needsOf(found: readonly FoundDependency[]): readonly Dependency[] {
    const known = new Set(found.map(({ id }) => keyOf(id)));
    const needs = new Needs();
    for (const dependency of found) {
      for (const reference of referencesOf(dependency.object)) {
        // Accounts of others that a binding names are no need of this unit.
        if (reference.id.kind === SERVICE_ACCOUNT.kind || known.has(keyOf(reference.id))) continue;
        if (reference.id.namespace === undefined) needs.add(reference, dependency.id);
        else if (!this.#namespaces.includes(reference.id.namespace)) this.#outside.add(reference, dependency.id);
      }
    }
    return needs.all();
  }

  #addReferences(object: JsonObject, id: ObjectId, isChild: boolean): void {
    for (const reference of referencesOf(object)) {
      const { kind, namespace } = reference.id;
      if (namespace === undefined) {
        if (this.#unit.kind !== "cluster" && !OF_STORAGE.has(kind)) this.#needs.add(reference, id, isChild);
      } else if (this.#isUndecided(namespace)) this.#outside.add(reference, id, isChild);
    }
  }

  /** Whether a thing in it may be no member: only in a namespace that is in the unit whole it cannot. */
  #isUndecided(namespace: string): boolean {
    return (
      this.#isMember !== undefined ||
      this.#unit.kind !== "namespace" ||
      namespace !== this.#unit.name ||
      this.#rules.claims.concerns(namespace)
    );
  }

  async #pointing(search: Search): Promise<readonly FoundDependency[]> {
    const seen: Seen = {
      has: (id) => this.#pointedAt.has(keyOf(id)),
      example: (group, kind) => this.#examples.get(`${group} ${kind}`),
      namespaces: this.#unit.kind === "namespace" && this.#isMember === undefined ? this.#namespaces : [],
    };
    return search.list(POINTING_KINDS, (object) => (objectExclusion(object) === undefined ? pointerOf(object, seen) : undefined));
  }

  /**
   * What a release of Helm has installed besides, as its chart says: that it is needed no reference tells.
   *
   * @param search Its findings are not told: who may not list a kind of the cluster need not have anything of it
   */
  async #installed(search: Search): Promise<readonly FoundDependency[]> {
    if (this.#releases.size === 0) return [];
    const kinds = this.#rules.resources.filter(
      ({ isNamespaced, kind }) => !isNamespaced && !OF_STORAGE.has(kind) && kind !== NAMESPACE.kind,
    );
    const choose = (object: JsonObject): Omit<Dependency, "id"> | undefined => {
      const member = this.#releases.get(helmReleaseKey(object) ?? "");
      return member === undefined ? undefined : { why: "installed with it", of: [member] };
    };
    return search.list(kinds, choose, HELM_SELECTOR);
  }

  /** What is in no other unit than this needs no word; what is in its namespaces, but not in it, is needed with it. */
  async #otherUnits(search: Search): Promise<{ readonly beside: readonly FoundDependency[]; readonly uses: readonly UsedUnit[] }> {
    const beside: FoundDependency[] = [];
    const uses = new Map<string, UsedUnit>();
    const use = (unit: Unit, dependency: Dependency): void => {
      const key = `${unit.kind} ${unit.name}`;
      if (!uses.has(key)) uses.set(key, { ...dependency, unit });
    };
    const mayBeIn = ({ id: { namespace = "" } }: Dependency): boolean =>
      this.#namespaces.includes(namespace) || this.#rules.claims.concerns(namespace);
    for (const need of this.#outside.all().filter((each) => !mayBeIn(each))) {
      use({ kind: "namespace", name: need.id.namespace ?? "" }, need);
    }
    for (const found of await search.fetch(this.#outside.all().filter(mayBeIn))) {
      if (objectExclusion(found.object) !== undefined) continue;
      const unit = this.#rules.unitOf(found.object);
      const isOwn = unit.kind === this.#unit.kind && unit.name === this.#unit.name;
      if (isOwn && this.#isMember?.(found.object) !== false) continue;
      if (!isOwn) use(unit, { id: found.id, of: found.of, why: found.why });
      if (this.#namespaces.includes(found.id.namespace ?? "")) beside.push(found);
    }
    return { beside, uses: [...uses.values()] };
  }
}

function helmReleaseKey(object: JsonObject): string | undefined {
  const mark = releaseMarkOf(object);
  return mark?.tool === "helm" ? `${mark.namespace}/${mark.name}` : undefined;
}

function distinct(found: readonly FoundDependency[]): readonly FoundDependency[] {
  const byKey = new Map(found.toReversed().map((dependency) => [keyOf(dependency.id), dependency]));
  return [...byKey.values()].toReversed();
}
