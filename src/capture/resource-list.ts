/** Lists one resource at one moment, and says later what has changed there since. */
import type { MemberList } from "../application/membership.ts";
import { DomainError } from "../base/errors.ts";
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { type ListOptions, type ListPage, listPages } from "../kube/list.ts";

export interface ObjectSink {
  /** Gives whether the object is captured. */
  readonly take: (object: JsonObject) => boolean;
  /** What was taken so far is to be forgotten: the list begins anew. */
  readonly restart: (taken: Iterable<Place>) => void;
  /** Resolves when memory is free for more. */
  readonly room: () => Promise<void>;
}

export interface Place {
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface Change extends Place {
  readonly how: "appeared" | "changed" | "disappeared";
}

/** A server that forgets the moment of a list that often has no time for it. */
const MAX_RESTARTS = 5;

export class ResourceList {
  readonly #api: KubeApi;
  readonly #scope: MemberList;
  readonly #signal: AbortSignal;
  /** By namespace and name, the version that was captured: no other object, not even a later one of that name, has it. */
  readonly #captured = new Map<string, Version>();

  constructor(api: KubeApi, scope: MemberList, signal: AbortSignal) {
    this.#api = api;
    this.#scope = scope;
    this.#signal = signal;
  }

  /** @throws {DomainError} conflict/kube_expired: it could not be listed in the time that the server remembers */
  async capture(sink: ObjectSink): Promise<void> {
    for (let restarts = 0; ; restarts++) {
      try {
        await this.#captureOnce(sink);
        return;
      } catch (error) {
        if (!(error instanceof DomainError) || error.code !== "kube_expired" || restarts === MAX_RESTARTS) throw error;
        sink.restart(this.taken());
        this.#captured.clear();
      }
    }
  }

  get count(): number {
    return this.#captured.size;
  }

  *taken(): Generator<Place, void, undefined> {
    for (const key of this.#captured.keys()) yield placeOf(key);
  }

  /** @param isMember Of the unit, as far as metadata tells: asked of what was not captured */
  async changes(isMember: (metadataOnly: JsonObject) => boolean): Promise<readonly Change[]> {
    const changes: Change[] = [];
    const left = new Set(this.#captured.keys());
    for await (const { items } of this.#pages({ isMetadataOnly: true })) {
      for (const object of items) {
        const { key, version, ...place } = identify(object);
        left.delete(key);
        const captured = this.#captured.get(key);
        if (captured === undefined && isMember(object)) changes.push({ ...place, how: "appeared" });
        if (captured !== undefined && captured !== version) changes.push({ ...place, how: "changed" });
      }
    }
    for (const key of left) changes.push({ ...placeOf(key), how: "disappeared" });
    return changes;
  }

  async #captureOnce({ take, room }: ObjectSink): Promise<void> {
    for await (const { items } of readAhead(this.#pages({}))) {
      for (const object of items) {
        if (!take(object)) continue;
        const { key, version } = identify(object);
        this.#captured.set(key, version);
      }
      await room();
    }
  }

  async *#pages(options: Pick<ListOptions, "isMetadataOnly">): AsyncGenerator<ListPage, void, undefined> {
    const { resource, namespace, fieldSelector } = this.#scope;
    try {
      yield* listPages(this.#api, resource, { ...options, namespace, fieldSelector, signal: this.#signal });
    } catch (error) {
      // Its definition has been deleted since the discovery, and its objects with it.
      if (!(error instanceof DomainError) || error.code !== "kube_not_served") throw error;
    }
  }
}

/** As a number if it can be one: there may be a million of them. Source: KEP-5504, "Comparable Resource Version". */
type Version = number | string;

function identify(object: JsonObject): Place & { readonly key: string; readonly version: Version } {
  const metadata = objectIn(object, "metadata");
  const [namespace, name] = [textIn(metadata, "namespace"), textIn(metadata, "name") ?? ""];
  const text = textIn(metadata, "resourceVersion") ?? "";
  const version = String(Number(text)) === text ? Number(text) : text;
  return { key: `${namespace ?? ""}/${name}`, version, namespace, name };
}

function placeOf(key: string): Place {
  const slash = key.indexOf("/");
  return { namespace: slash === 0 ? undefined : key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Asks for the next page while the one before is worked on. */
async function* readAhead<T>(source: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  let coming = source.next();
  try {
    while (true) {
      const { done, value } = await coming;
      if (done === true) return;
      coming = source.next();
      coming.catch(() => undefined); // thrown where it is awaited
      yield value;
    }
  } finally {
    await coming.catch(() => undefined);
    await source.return();
  }
}
