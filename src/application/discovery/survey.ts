/**
 * Looks at all that there is in one namespace or in all, metadata only but for workloads: enough to say which applications there are.
 * Several resources at a time, each in large pages; what may not be seen becomes a finding.
 */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { type ListOptions, listPages } from "../../kube/list.ts";
import { getObject } from "../../kube/objects.ts";
import { nameOf, type ResourceType } from "../../kube/resource-type.ts";
import { objectExclusion } from "../exclusions.ts";
import { isHidden } from "../hidden.ts";
import type { MembershipRules } from "../membership.ts";
import { builtInMaker } from "../owners.ts";
import type { DeclaredUnit } from "../unit.ts";
import { factsOf, type ObjectFacts } from "../views/object-facts.ts";
import { SIGS_GROUP, SIGS_KIND, type SigsApplication, sigsApplication } from "../views/sigs-application.ts";
import { readinessOf } from "./readiness.ts";

export interface SurveyOptions {
  /** undefined: all of them. */
  readonly namespace: string | undefined;
  readonly report: FindingSink;
  readonly signal?: AbortSignal | undefined;
}

export interface Survey {
  /** By namespace; what a declared unit has taken is not in it. */
  readonly namespaces: ReadonlyMap<string, NamespaceSurvey>;
  readonly declared: ReadonlyMap<DeclaredUnit, readonly ObjectFacts[]>;
  /** By uid; of workloads only. */
  readonly isReady: (uid: string) => boolean;
}

export interface NamespaceSurvey {
  readonly facts: readonly ObjectFacts[];
  readonly applications: readonly SigsApplication[];
  readonly claimOwner: (name: string) => string | undefined;
}

/** The server encodes one list while another one is read. */
const CONCURRENT_LISTS = 6;
/** Their status is asked for; of all others the metadata does. */
const WHOLE = new Set([
  "cronjobs.batch",
  "daemonsets.apps",
  "deployments.apps",
  "jobs.batch",
  "replicationcontrollers",
  "statefulsets.apps",
  `applications.${SIGS_GROUP}`,
]);
const PODS = "pods";
/** There are ten pods for each that is not well, and a pod is long. */
const PODS_NOT_WELL = "status.phase!=Running,status.phase!=Succeeded";

export async function survey(api: KubeApi, rules: MembershipRules, options: SurveyOptions): Promise<Survey> {
  return new Surveyor(api, rules, options).run();
}

class Surveyor {
  readonly #api: KubeApi;
  readonly #rules: MembershipRules;
  readonly #options: SurveyOptions;
  readonly #namespaces = new Map<string, NamespaceNotes>();
  readonly #declared = new Map<DeclaredUnit, ObjectFacts[]>();
  readonly #unready = new Set<string>();

  constructor(api: KubeApi, rules: MembershipRules, options: SurveyOptions) {
    this.#api = api;
    this.#rules = rules;
    this.#options = options;
  }

  async run(): Promise<Survey> {
    const resources = this.#rules.resources.filter(({ isNamespaced }) => isNamespaced);
    const pods = resources.filter((resource) => nameOf(resource) === PODS);
    // Core kinds come first, and most objects are of them: a long list never begins last.
    const lists = [
      ...resources.map((resource) => ({ resource, isNotWell: false })),
      ...pods.map((resource) => ({ resource, isNotWell: true })),
    ];
    await forEachConcurrent(lists, { limit: CONCURRENT_LISTS, signal: this.#options.signal }, async ({ resource, isNotWell }, signal) => {
      const list = { signal, isMetadataOnly: !WHOLE.has(nameOf(resource)), ...(isNotWell ? { fieldSelector: PODS_NOT_WELL } : {}) };
      await this.#list(resource, list, (object) => (isNotWell ? this.#addUnready(object) : this.#add(object)));
    });
    await this.#lookAtBareSets(resources.find((resource) => nameOf(resource) === "replicasets.apps"));
    return { namespaces: this.#namespaces, declared: this.#declared, isReady: (uid) => !this.#unready.has(uid) };
  }

  async #list(resource: ResourceType, options: ListOptions, take: (object: JsonObject) => void): Promise<void> {
    const { namespace, report } = this.#options;
    try {
      for await (const { items } of listPages(this.#api, resource, { ...options, namespace })) {
        for (const item of items) take(item);
      }
    } catch (error) {
      if (!isHidden(error)) throw error;
      report({ grade: "partial", code: "kind_forbidden", object: nameOf(resource), message: error.message });
    }
  }

  #add(object: JsonObject): void {
    if (objectExclusion(object) !== undefined) return;
    const facts = factsOf(object);
    const notes = this.#notesOf(facts.id.namespace ?? "");
    if (readinessOf(object)?.isReady === false && facts.id.kind !== "Pod" && facts.id.kind !== "ReplicaSet") this.#unready.add(facts.uid);
    if (facts.id.group === SIGS_GROUP && facts.id.kind === SIGS_KIND) notes.applications.push(sigsApplication(object));
    if (facts.id.kind === "StatefulSet") notes.addClaims(object, facts.uid);
    const unit = this.#rules.claims.unitOf(object);
    if (unit === undefined) notes.facts.push(facts);
    else this.#factsOf(unit).push(facts);
  }

  #factsOf(unit: DeclaredUnit): ObjectFacts[] {
    const facts = this.#declared.get(unit) ?? [];
    this.#declared.set(unit, facts);
    return facts;
  }

  #addUnready(object: JsonObject): void {
    this.#unready.add(textIn(objectIn(object, "metadata"), "uid") ?? "");
  }

  /** Those that no Deployment made are few. */
  async #lookAtBareSets(resource: ResourceType | undefined): Promise<void> {
    if (resource === undefined) return;
    const all = [...Array.from(this.#namespaces.values(), ({ facts }) => facts), ...this.#declared.values()].flat();
    const bare = all.filter(({ id, owners }) => id.kind === "ReplicaSet" && id.group === "apps" && builtInMaker(id, owners) === undefined);
    await forEachConcurrent(bare, { limit: CONCURRENT_LISTS, signal: this.#options.signal }, async ({ id, uid }, signal) => {
      const { namespace, name } = id;
      const set = await getObject(this.#api, resource, { namespace, name }, { signal }).catch((error: unknown) => {
        if (error instanceof DomainError && (error.kind === "not-found" || error.kind === "forbidden")) return undefined;
        throw error;
      });
      if (set !== undefined && readinessOf(set)?.isReady === false) this.#unready.add(uid);
    });
  }

  #notesOf(namespace: string): NamespaceNotes {
    const notes = this.#namespaces.get(namespace) ?? new NamespaceNotes();
    this.#namespaces.set(namespace, notes);
    return notes;
  }
}

class NamespaceNotes implements NamespaceSurvey {
  readonly facts: ObjectFacts[] = [];
  readonly applications: SigsApplication[] = [];
  readonly #claims: { readonly prefix: string; readonly uid: string }[] = [];

  /** Source: Kubernetes, "StatefulSets": a claim is called `<template>-<set>-<number of the pod>`. */
  addClaims(statefulSet: JsonObject, uid: string): void {
    const name = textIn(objectIn(statefulSet, "metadata"), "name") ?? "";
    for (const template of listIn(objectIn(statefulSet, "spec"), "volumeClaimTemplates")) {
      this.#claims.push({ prefix: `${textIn(objectIn(template, "metadata"), "name")}-${name}-`, uid });
    }
  }

  readonly claimOwner = (name: string): string | undefined =>
    this.#claims.find(({ prefix }) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))?.uid;
}
