/**
 * Groups the objects of one namespace into applications. Each object is in one of them:
 *
 * 1. with its owner, whatever its own marks say: what a Deployment makes is where the Deployment is;
 * 2. by the mark of the tool that installed it: Helm, Argo CD, Flux;
 * 3. by the name of such a release, in its labels `instance` or `part-of`: what a chart's StatefulSet or hook has made;
 * 4. by a sigs Application whose selector it matches;
 * 5. by its labels `part-of`, then `instance`;
 * 6. by the operator's resource that it is, if that owns something here;
 * 7. or it is among the rest.
 */
import { textIn } from "../../kube/json.ts";
import { isOperators } from "./known-groups.ts";
import type { ObjectFacts } from "./object-facts.ts";
import { applicationOf, type SigsApplication } from "./sigs-application.ts";
import { type FoundBy, UNLABELLED, type View } from "./view.ts";

/** What stands outside of the metadata. */
export interface NamespaceExtras {
  readonly applications: readonly SigsApplication[];
  /** Uid of the StatefulSet by the name of a claim that it has made: Kubernetes does not note it as its owner. */
  readonly claimOwner: (name: string) => string | undefined;
}

interface Group {
  readonly name: string;
  readonly foundBy: FoundBy;
  readonly release: View["release"];
  readonly members: ObjectFacts[];
}

const PART_OF = "app.kubernetes.io/part-of";
const INSTANCE = "app.kubernetes.io/instance";

/** In the order of their names, the rest last. */
export function groupViews(namespace: string, facts: readonly ObjectFacts[], extras: NamespaceExtras): readonly View[] {
  const roots = new Roots(facts, extras);
  const releases = Map.groupBy(
    facts.filter(({ release }) => release !== undefined),
    ({ release }) => release?.name ?? "",
  );
  const groups = new Map<string, Group>();
  for (const fact of facts) {
    if (isOfNamespace(fact)) continue;
    const key = keyOf(roots.of(fact), releases, extras, roots);
    const name = `${key.foundBy} ${key.release?.namespace ?? ""} ${key.name}`;
    const group = groups.get(name) ?? { ...key, members: [] };
    groups.set(name, group);
    group.members.push(fact);
  }
  return Array.from(groups.values(), ({ name, foundBy, release, members }): View => ({
    name,
    namespace,
    foundBy,
    release,
    members,
  })).toSorted(inOrder);
}

/** Kubernetes makes it in every namespace: it says nothing of an application. */
function isOfNamespace({ id, owners, release, labels }: ObjectFacts): boolean {
  const isDefault = id.group === "" && id.kind === "ServiceAccount" && id.name === "default";
  return isDefault && owners.length === 0 && release === undefined && textIn(labels, PART_OF) === undefined;
}

type Key = Omit<Group, "members">;

function keyOf(
  root: ObjectFacts,
  releases: ReadonlyMap<string, readonly ObjectFacts[]>,
  { applications }: NamespaceExtras,
  roots: Roots,
): Key {
  const { release, labels, id } = root;
  if (release !== undefined) return { name: release.name, foundBy: release.tool, release };
  const [instance, partOf] = [textIn(labels, INSTANCE), textIn(labels, PART_OF)];
  const named = [instance, partOf].map((name) => releases.get(name ?? "")?.[0]?.release).find((found) => found !== undefined);
  if (named !== undefined) return { name: named.name, foundBy: named.tool, release: named };
  const application = applicationOf(applications, root);
  if (application !== undefined) return { name: application, foundBy: "application", release: undefined };
  if (partOf !== undefined && partOf !== "") return { name: partOf, foundBy: "part-of", release: undefined };
  if (instance !== undefined && instance !== "") return { name: instance, foundBy: "instance", release: undefined };
  if (isOperators(id.group) && roots.hasChildren(root)) return { name: id.name, foundBy: "operator", release: undefined };
  return { name: UNLABELLED, foundBy: "unlabelled", release: undefined };
}

function inOrder(a: View, b: View): number {
  const rest = Number(a.foundBy === "unlabelled") - Number(b.foundBy === "unlabelled");
  return rest === 0 ? Number(a.name > b.name) - Number(a.name < b.name) : rest;
}

/** The owner above all owners, as far as they are in the namespace. */
class Roots {
  readonly #byUid: ReadonlyMap<string, ObjectFacts>;
  readonly #extras: NamespaceExtras;
  readonly #parents: ReadonlySet<string>;

  constructor(facts: readonly ObjectFacts[], extras: NamespaceExtras) {
    this.#byUid = new Map(facts.map((fact) => [fact.uid, fact]));
    this.#extras = extras;
    this.#parents = new Set(facts.flatMap(({ owners }) => owners.map(({ uid }) => uid)));
  }

  of(fact: ObjectFacts): ObjectFacts {
    const seen = new Set([fact.uid]);
    let root = fact;
    while (true) {
      const owner = this.#ownerOf(root);
      if (owner === undefined || seen.has(owner.uid)) return root;
      seen.add(owner.uid);
      root = owner;
    }
  }

  hasChildren({ uid }: ObjectFacts): boolean {
    return this.#parents.has(uid);
  }

  #ownerOf({ id, owners }: ObjectFacts): ObjectFacts | undefined {
    const known = owners.map(({ uid }) => this.#byUid.get(uid)).find((owner) => owner !== undefined);
    if (known !== undefined || id.group !== "" || id.kind !== "PersistentVolumeClaim") return known;
    return this.#byUid.get(this.#extras.claimOwner(id.name) ?? "");
  }
}
