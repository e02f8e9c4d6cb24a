/**
 * The objects of a unit, from the API server into the files of a restore point. Each resource shows one moment; what changed between the first
 * list and the end of the last is found by a second look, at metadata only, and named.
 */
import { mapConcurrent } from "../base/concurrency.ts";
import { DomainError } from "../base/errors.ts";
import type { FindingSink } from "../base/finding.ts";
import type { ProgressSink } from "../base/progress.ts";
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { nameOf, type ResourcePath, type ResourceType } from "../kube/resource-type.ts";
import type { CapturedResource, PointDependency, PointImage, PointRelease } from "../point/description.ts";
import { pathOfObject } from "../point/object-path.ts";
import { RunningImages } from "./images.ts";
import { objectFile } from "./object-file.ts";
import { type ListScope, ResourceList } from "./resource-list.ts";
import { reportChanges } from "./second-look.ts";
import { storageVersion } from "./storage-version.ts";

/** Where objects go. */
export interface PointFiles {
  add(path: readonly string[], content: Uint8Array, timeMs: number): void;
  remove(path: readonly string[]): void;
  room(): Promise<void>;
}

/** What belongs to a unit. */
export interface CaptureScope {
  readonly lists: readonly ListScope[];
  readonly isMember: (object: JsonObject) => boolean;
}

export interface FoundDependency extends PointDependency {
  readonly resource: ResourcePath;
  readonly object: JsonObject;
}

/** Is shown every member, and knows in the end what they need. */
export interface DependencyFinder {
  add(resource: ResourceType, object: JsonObject): void;
  find(): AsyncIterable<FoundDependency>;
}

export interface CaptureOptions {
  readonly api: KubeApi;
  readonly scope: CaptureScope;
  readonly dependencies: DependencyFinder;
  /** A kind that may not be listed is left out, and makes the point partial. Otherwise nothing is captured then. */
  readonly allowPartial: boolean;
  readonly report: FindingSink;
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
}

export interface CapturedObjects {
  readonly resources: readonly CapturedResource[];
  readonly dependencies: readonly PointDependency[];
  readonly images: readonly PointImage[];
  readonly releases: readonly PointRelease[];
}

/** Most resources have no objects: their lists take a moment each, and little memory. */
const CONCURRENT_LISTS = 6;
const PODS = "pods";
const CRDS = "customresourcedefinitions.apiextensions.k8s.io";

/** @throws {DomainError} forbidden/kube_forbidden: of the first kind that may not be listed, without `allowPartial` */
export async function captureObjects(files: PointFiles, options: CaptureOptions): Promise<CapturedObjects> {
  return new Capture(files, options).run();
}

class Capture {
  readonly #files: PointFiles;
  readonly #options: CaptureOptions;
  readonly #images = new RunningImages();
  /** In the order of the scope. */
  readonly #lists = new Map<ListScope, ResourceList>();
  #doneItems = 0;
  #doneBytes = 0;

  constructor(files: PointFiles, options: CaptureOptions) {
    this.#files = files;
    this.#options = options;
  }

  async run(): Promise<CapturedObjects> {
    const { scope, signal } = this.#options;
    await mapConcurrent(scope.lists, { limit: CONCURRENT_LISTS, signal }, (list, either) => this.#captureList(list, either));
    const dependencies = await this.#captureDependencies();
    const lists = scope.lists.filter((list) => (this.#lists.get(list)?.count ?? 0) > 0);
    await mapConcurrent(lists, { limit: CONCURRENT_LISTS, signal }, (list) => this.#lookAgain(list));
    const resources = lists.map((list) => captured(list.resource, this.#lists.get(list)?.count ?? 0));
    return { resources: merged(resources), dependencies, images: this.#images.all, releases: [] };
  }

  async #captureList(scope: ListScope, signal: AbortSignal): Promise<void> {
    const { resource } = scope;
    try {
      const list = await this.#list(scope, signal, (object) => {
        this.#options.dependencies.add(resource, object);
        if (nameOf(resource) === PODS) this.#images.addPod(object);
      });
      this.#lists.set(scope, list);
    } catch (error) {
      this.#leaveOut(scope, error);
    }
  }

  /** Stores the members of the unit in a list, of one moment; nothing of it if that fails. */
  async #list(scope: ListScope, signal: AbortSignal, onTaken: (object: JsonObject) => void): Promise<ResourceList> {
    const list = new ResourceList(this.#options.api, scope, signal);
    let paths: (readonly string[])[] = [];
    const take = (object: JsonObject): boolean => {
      if (!this.#options.scope.isMember(object)) return false;
      paths.push(this.#store(scope.resource, object));
      onTaken(object);
      return true;
    };
    const restart = (): void => {
      for (const path of paths) this.#files.remove(path);
      paths = [];
    };
    try {
      await list.capture({ take, restart, room: () => this.#files.room() });
      return list;
    } catch (error) {
      restart();
      throw error;
    }
  }

  /** Throws again what is no reason to go on without the kind. */
  #leaveOut({ resource, namespace }: ListScope, error: unknown): void {
    if (!(error instanceof DomainError) || error.kind !== "forbidden") throw error;
    if (!this.#options.allowPartial) {
      const hint = [error.hint, "or use --allow-partial to capture the rest"].filter((part) => part !== undefined).join("; ");
      throw new DomainError(error.kind, error.code, error.message, { details: error.details, cause: error.cause, hint });
    }
    const object = `${nameOf(resource)}${namespace === undefined ? "" : ` in namespace "${namespace}"`}`;
    this.#options.report({ grade: "partial", code: "kind_forbidden", object, message: error.message });
  }

  /** Objects of a kind are stored in another version, too, if the cluster stores them so: what the preferred one drops is not lost then. */
  async #captureDependencies(): Promise<readonly PointDependency[]> {
    const found: PointDependency[] = [];
    for await (const { resource, object, id, why } of this.#options.dependencies.find()) {
      this.#store(resource, object);
      found.push({ id, why });
      if (nameOf(resource) === CRDS) await this.#captureStored(object);
    }
    return found;
  }

  async #captureStored(definition: JsonObject): Promise<void> {
    const { scope, signal } = this.#options;
    const version = storageVersion(definition);
    for (const list of scope.lists.filter(({ resource }) => nameOf(resource) === textIn(objectIn(definition, "metadata"), "name"))) {
      if (version === undefined || version === list.resource.version || (this.#lists.get(list)?.count ?? 0) === 0) continue;
      await this.#list({ ...list, resource: { ...list.resource, version, isPreferred: false } }, signal, () => undefined);
    }
  }

  async #lookAgain(scope: ListScope): Promise<void> {
    const changes = await this.#lists.get(scope)?.changes(this.#options.scope.isMember);
    reportChanges(scope.resource, changes ?? [], this.#options.report);
  }

  #store(resource: ResourcePath, object: JsonObject): readonly string[] {
    const metadata = objectIn(object, "metadata");
    const path = pathOfObject({ resource, namespace: textIn(metadata, "namespace") }, textIn(metadata, "name") ?? "");
    const { content, timeMs } = objectFile(object);
    this.#files.add(path, content, timeMs);
    this.#doneItems++;
    this.#doneBytes += content.length;
    this.#options.progress({ stage: "Capturing objects", doneItems: this.#doneItems, doneBytes: this.#doneBytes });
    return path;
  }
}

function captured({ group, version, plural, kind }: ResourceType, count: number): CapturedResource {
  return { group, version, plural, kind, count };
}

/** A unit of several namespaces lists a resource in each. */
function merged(resources: readonly CapturedResource[]): readonly CapturedResource[] {
  const byName = Map.groupBy(resources, ({ group, version, plural }) => `${group} ${version} ${plural}`);
  return Array.from(byName.values(), (same) => {
    const [first] = same as [CapturedResource, ...CapturedResource[]];
    return { ...first, count: same.reduce((sum, { count }) => sum + count, 0) };
  });
}
