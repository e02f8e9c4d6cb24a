/** Sorts the members of an application as they stream by. Of each it keeps its name and what people are told, not the object. */
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { idOfObject, type ObjectId } from "../../kube/object-id.ts";
import { readinessOf } from "../discovery/readiness.ts";
import type { ExclusionReason } from "../exclusions.ts";
import { ownersOf } from "../owners.ts";
import type { ClaimEntry, Contents, SecretEntry, WorkloadNode } from "./app-description.ts";
import { distinct, type Image, imagesOf } from "./images.ts";

interface Member {
  readonly id: ObjectId;
  readonly owners: readonly string[];
  readonly state: string | undefined;
  readonly isReady: boolean;
  readonly images: readonly Image[];
}

const NO_IMAGES: readonly Image[] = [];

export class Describer {
  readonly #members = new Map<string, Member>();
  readonly #secrets: SecretEntry[] = [];
  readonly #claims: ClaimEntry[] = [];
  readonly #leftOut: Partial<Record<ExclusionReason, number>> = {};

  /** A member, whole. */
  add(object: JsonObject): void {
    const id = idOfObject(object);
    const readiness = readinessOf(object);
    const uid = textIn(objectIn(object, "metadata"), "uid") ?? "";
    this.#members.set(uid, {
      id,
      owners: ownersOf(object).map((owner) => owner.uid),
      state: readiness?.text,
      isReady: readiness?.isReady ?? true,
      images: readiness === undefined ? NO_IMAGES : imagesOf(object),
    });
    if (isCore(id, "Secret")) this.#secrets.push({ id, type: textIn(object, "type") ?? "" });
    if (isCore(id, "PersistentVolumeClaim")) this.#claims.push(claimOf(id, object));
  }

  leaveOut(reason: ExclusionReason): void {
    this.#leftOut[reason] = (this.#leftOut[reason] ?? 0) + 1;
  }

  contents(): Contents {
    const tree = new WorkloadTree(this.#members);
    const sections = Map.groupBy(this.#members, ([uid, { id }]) => sectionOf(id) ?? (tree.has(uid) ? "workloads" : "others"));
    const section = (name: Section): readonly ObjectId[] => (sections.get(name) ?? []).map(([, { id }]) => id).toSorted(byName);
    return {
      objects: this.#members.size,
      workloads: tree.roots(),
      configuration: section("configuration"),
      secrets: this.#secrets.toSorted((a, b) => byName(a.id, b.id)),
      claims: this.#claims.toSorted((a, b) => byName(a.id, b.id)),
      network: section("network"),
      access: section("access"),
      others: section("others"),
      leftOut: this.#leftOut,
    };
  }
}

/** Workloads, whatever owns them, and all that those own. */
class WorkloadTree {
  readonly #members: ReadonlyMap<string, Member>;
  readonly #children: ReadonlyMap<string | undefined, readonly string[]>;
  readonly #in: ReadonlySet<string>;

  constructor(members: ReadonlyMap<string, Member>) {
    this.#members = members;
    const roots = new Set<string>();
    for (const [uid, { state }] of members) if (state !== undefined) roots.add(this.#rootOf(uid));
    const uids = [...members.keys()].filter((uid) => roots.has(this.#rootOf(uid)));
    this.#in = new Set(uids);
    this.#children = Map.groupBy(uids, (uid) => this.#ownerOf(uid));
  }

  has(uid: string): boolean {
    return this.#in.has(uid);
  }

  roots(): readonly WorkloadNode[] {
    return this.#nodes(undefined);
  }

  #nodes(owner: string | undefined): readonly WorkloadNode[] {
    const nodes = (this.#children.get(owner) ?? []).map((uid): WorkloadNode => {
      const children = this.#nodes(uid);
      const { id, state = "", isReady, images } = this.#members.get(uid) as Member;
      return { id, state, isReady, images: distinct([...images, ...children.flatMap((child) => child.images)]), children };
    });
    return nodes.toSorted((a, b) => byName(a.id, b.id));
  }

  #rootOf(uid: string): string {
    const owner = this.#ownerOf(uid);
    return owner === undefined ? uid : this.#rootOf(owner);
  }

  /** In the application; those that go in a circle own nothing. */
  #ownerOf(uid: string): string | undefined {
    const owner = this.#memberAbove(uid);
    const seen = new Set<string>();
    let at = owner;
    while (at !== undefined && at !== uid && !seen.has(at)) {
      seen.add(at);
      at = this.#memberAbove(at);
    }
    return at === undefined ? owner : undefined;
  }

  #memberAbove(uid: string): string | undefined {
    return this.#members.get(uid)?.owners.find((owner) => this.#members.has(owner));
  }
}

type Section = "access" | "configuration" | "elsewhere" | "network" | "others" | "workloads";

const SECTIONS: Readonly<Record<string, Section>> = {
  " ConfigMap": "configuration",
  " Namespace": "elsewhere",
  " PersistentVolume": "elsewhere",
  " PersistentVolumeClaim": "elsewhere",
  " Secret": "elsewhere",
  " Service": "network",
  " ServiceAccount": "access",
  "networking.k8s.io Ingress": "network",
  "networking.k8s.io NetworkPolicy": "network",
  "rbac.authorization.k8s.io Role": "access",
  "rbac.authorization.k8s.io RoleBinding": "access",
};

/** undefined: it has none of its own. */
function sectionOf({ group, kind }: ObjectId): Section | undefined {
  return group === "gateway.networking.k8s.io" ? "network" : SECTIONS[`${group} ${kind}`];
}

function isCore({ group, kind }: ObjectId, name: string): boolean {
  return group === "" && kind === name;
}

function claimOf(id: ObjectId, object: JsonObject): ClaimEntry {
  const [spec, status] = [objectIn(object, "spec"), objectIn(object, "status")];
  const size = textIn(objectIn(status, "capacity"), "storage") ?? textIn(objectIn(objectIn(spec, "resources"), "requests"), "storage");
  const [storageClass, volume] = [textIn(spec, "storageClassName"), textIn(spec, "volumeName")];
  return { id, storageClass, size, volume, phase: textIn(status, "phase") };
}

function byName(a: ObjectId, b: ObjectId): number {
  const [first, second] = [a, b].map(({ kind, namespace = "", name }) => `${kind} ${namespace} ${name}`) as [string, string];
  return first < second ? -1 : Number(first > second);
}
