/**
 * Which declared unit an object is in. What an owner's unit is, its children's is, whatever their labels say; otherwise the first
 * unit whose selector matches counts.
 *
 * Owners are found by uid, and may be listed after their children: so the namespaces of declared units are looked at once, metadata
 * only, before anything is decided. That holds a uid for each of their objects in memory; without declared units there is nothing.
 */
import { forEachConcurrent } from "../base/concurrency.ts";
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { listPages } from "../kube/list.ts";
import type { ResourceType } from "../kube/resource-type.ts";
import { isHidden } from "./hidden.ts";
import { ownersOf } from "./owners.ts";
import { matches, parseSelector, type Selector } from "./selector.ts";
import type { DeclaredUnit } from "./unit.ts";

interface Rule {
  readonly unit: DeclaredUnit;
  readonly selector: Selector;
}

interface Noted {
  readonly namespace: string;
  /** Uids, the one that steers it first. */
  readonly owners: readonly string[];
  /** By its own labels. */
  readonly unit: DeclaredUnit | undefined;
}

const CONCURRENT_LISTS = 8;

export class Claims {
  readonly #rules: readonly Rule[];
  readonly #noted = new Map<string, Noted>();

  /** @throws {DomainError} usage/selector */
  constructor(declared: readonly DeclaredUnit[]) {
    this.#rules = declared.map((unit) => ({ unit, selector: parseSelector(unit.selector) }));
  }

  /** @param resources Those that belong to namespaces */
  static async load(
    api: KubeApi,
    resources: readonly ResourceType[],
    declared: readonly DeclaredUnit[],
    signal?: AbortSignal,
  ): Promise<Claims> {
    const claims = new Claims(declared);
    const namespaces = [...new Set(declared.flatMap((unit) => unit.namespaces))];
    const lists = namespaces.flatMap((namespace) => resources.map((resource) => ({ namespace, resource })));
    await forEachConcurrent(lists, { limit: CONCURRENT_LISTS, signal }, async ({ namespace, resource }, either) => {
      try {
        for await (const { items } of listPages(api, resource, { namespace, isMetadataOnly: true, signal: either })) {
          for (const item of items) claims.note(item);
        }
      } catch (error) {
        // What may not be listed is no member either; whoever lists the members says so.
        if (!isHidden(error)) throw error;
      }
    });
    return claims;
  }

  /** The metadata is enough. */
  note(object: JsonObject): void {
    const uid = textIn(objectIn(object, "metadata"), "uid");
    if (uid !== undefined) this.#noted.set(uid, this.#read(object));
  }

  /** Also of an object that came after the look. */
  unitOf(object: JsonObject): DeclaredUnit | undefined {
    return this.#rules.length === 0 ? undefined : this.#resolve(this.#read(object), new Set());
  }

  unitOfUid(uid: string): DeclaredUnit | undefined {
    const noted = this.#noted.get(uid);
    return noted === undefined ? undefined : this.#resolve(noted, new Set([uid]));
  }

  /** Whether a declared unit may have something of it. */
  concerns(namespace: string): boolean {
    return this.#rules.some(({ unit }) => unit.namespaces.includes(namespace));
  }

  #read(object: JsonObject): Noted {
    const metadata = objectIn(object, "metadata");
    const namespace = textIn(metadata, "namespace") ?? "";
    const labels = objectIn(metadata, "labels");
    const rule = this.#rules.find(({ unit, selector }) => unit.namespaces.includes(namespace) && matches(selector, labels));
    return { namespace, owners: ownersOf(object).map(({ uid }) => uid), unit: rule?.unit };
  }

  /** @param seen Owners may be written to go in a circle, and to be in another namespace, where Kubernetes knows none. */
  #resolve({ namespace, owners, unit }: Noted, seen: Set<string>): DeclaredUnit | undefined {
    for (const uid of owners) {
      const owner = this.#noted.get(uid);
      if (owner?.namespace !== namespace || seen.has(uid)) continue;
      const found = this.#resolve(owner, seen.add(uid));
      if (found !== undefined) return found;
    }
    return unit;
  }
}
