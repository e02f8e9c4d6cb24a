/**
 * The objects of a unit, from the API server into the files of a restore point. Each resource shows one moment; what changed between the first
 * list and the end of the last is found by a second look, at metadata only, and named.
 */
import { mapConcurrent } from "../base/concurrency.ts";
import { DomainError } from "../base/errors.ts";
import type { Finding, FindingSink } from "../base/finding.ts";
import type { ProgressSink } from "../base/progress.ts";
import { DependencyCollector } from "../application/dependencies/collector.ts";
import { distinct, imagesOf } from "../application/description/images.ts";
import type { MemberList, MembershipRules, UnitScope } from "../application/membership.ts";
import { ReleaseCollector } from "../application/releases/collector.ts";
import { unavailableGroups } from "../application/unavailable-groups.ts";
import type { Unit } from "../application/unit.ts";
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { describeId, type ObjectId } from "../kube/object-id.ts";
import type { ResourceTable } from "../kube/resource-table.ts";
import { nameOf, type ResourceType } from "../kube/resource-type.ts";
import type { CapturedResource, PointDependency, PointImage, PointRelease, UsedUnitName } from "../point/description.ts";
import { pathOfObject } from "../point/object-path.ts";
import { objectFile } from "./object-file.ts";
import { type Place, ResourceList } from "./resource-list.ts";
import { reportChanges } from "./second-look.ts";
import { otherServedVersions } from "./served-versions.ts";
import { StoredResources } from "./stored-resources.ts";

/** Where objects go. */
export interface PointFiles {
  add(path: readonly string[], content: Uint8Array, timeMs: number): void;
  remove(path: readonly string[]): void;
  room(): Promise<void>;
}

export interface CaptureOptions {
  readonly api: KubeApi;
  readonly table: ResourceTable;
  readonly rules: MembershipRules;
  readonly unit: Unit;
  /** A kind that may not be listed is left out, and makes the point partial. Otherwise nothing is captured then. */
  readonly allowPartial: boolean;
  readonly report: FindingSink;
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
  /** What is captured at one moment besides, between the lists and the second look. */
  readonly atMoment?: MomentCapture | undefined;
}

export interface MomentCapture {
  capture(): Promise<void>;
  /** Whether an object is other than it was, or there, by the doing of that alone. */
  isTrace(resource: ResourceType, place: Place): boolean;
}

export interface CapturedObjects {
  readonly resources: readonly CapturedResource[];
  readonly dependencies: readonly PointDependency[];
  readonly uses: readonly UsedUnitName[];
  readonly images: readonly PointImage[];
  readonly releases: readonly PointRelease[];
}

/** Most resources have no objects: their lists take a moment each, and little memory. */
const CONCURRENT_LISTS = 6;
const CRDS = "customresourcedefinitions.apiextensions.k8s.io";

/** @throws {DomainError} forbidden/kube_forbidden: of the first kind that may not be listed, without `allowPartial` */
export async function captureObjects(files: PointFiles, options: CaptureOptions): Promise<CapturedObjects> {
  return new Capture(files, options).run();
}

class Capture {
  readonly #files: PointFiles;
  readonly #options: CaptureOptions;
  readonly #scope: UnitScope;
  readonly #dependencies: DependencyCollector;
  readonly #releases = new ReleaseCollector();
  readonly #images = new Map<string, PointImage>();
  /** In the order of the scope. */
  readonly #lists = new Map<MemberList, ResourceList>();
  readonly #stored = new StoredResources();
  #doneItems = 0;
  #doneBytes = 0;

  constructor(files: PointFiles, options: CaptureOptions) {
    this.#files = files;
    this.#options = options;
    this.#scope = options.rules.scopeOf(options.unit);
    this.#dependencies = new DependencyCollector(options.rules, options.unit);
  }

  async run(): Promise<CapturedObjects> {
    const { api, table, report, signal } = this.#options;
    const scope = this.#scope;
    for (const finding of unavailableGroups(table)) report(finding);
    await mapConcurrent(scope.lists, { limit: CONCURRENT_LISTS, signal }, (list, either) => this.#captureList(list, either));
    const { dependencies, uses } = await this.#captureDependencies();
    await this.#options.atMoment?.capture();
    const lists = scope.lists.filter((list) => (this.#lists.get(list)?.count ?? 0) > 0);
    await mapConcurrent(lists, { limit: CONCURRENT_LISTS, signal }, (list) => this.#lookAgain(list));
    const releases = await this.#releases.releases(api, table, signal);
    return { resources: this.#stored.all, dependencies, uses, images: this.#runningImages(), releases };
  }

  async #captureList(scope: MemberList, signal: AbortSignal): Promise<void> {
    try {
      const list = await this.#list(scope, signal, (object) => {
        this.#dependencies.add(object);
        this.#releases.add(object);
        for (const image of imagesOf(object)) this.#images.set(`${image.image} ${image.digest ?? ""}`, image);
      });
      this.#lists.set(scope, list);
    } catch (error) {
      this.#leaveOut(scope, error);
    }
  }

  /** Stores the members of the unit in a list, of one moment; nothing of it if that fails. */
  async #list(scope: MemberList, signal: AbortSignal, onTaken: (object: JsonObject) => void): Promise<ResourceList> {
    const list = new ResourceList(this.#options.api, scope, signal);
    const take = (object: JsonObject): boolean => {
      if (!this.#isMember(object)) return false;
      this.#store(scope.resource, object);
      onTaken(object);
      return true;
    };
    const restart = (taken: Iterable<Place>): void => {
      for (const { namespace, name } of taken) {
        this.#files.remove(pathOfObject({ resource: scope.resource, namespace }, name));
        this.#stored.remove(scope.resource);
      }
    };
    try {
      await list.capture({ take, restart, room: () => this.#files.room() });
      return list;
    } catch (error) {
      restart(list.taken());
      throw error;
    }
  }

  /** Throws again what is no reason to go on without the kind. */
  #leaveOut({ resource, namespace }: MemberList, error: unknown): void {
    if (!(error instanceof DomainError) || error.kind !== "forbidden") throw error;
    if (!this.#options.allowPartial) {
      const hint = [error.hint, "or use --allow-partial to capture the rest"].filter((part) => part !== undefined).join("; ");
      throw new DomainError(error.kind, error.code, error.message, { details: error.details, cause: error.cause, hint });
    }
    const object = `${nameOf(resource)}${namespace === undefined ? "" : ` in namespace "${namespace}"`}`;
    this.#options.report({ grade: "partial", code: "kind_forbidden", object, message: error.message });
  }

  async #captureDependencies(): Promise<Pick<CapturedObjects, "dependencies" | "uses">> {
    const { api, table, report, signal } = this.#options;
    const { found, missing, uses, findings } = await this.#dependencies.dependencies(api, table, signal);
    for (const finding of findings) report(finding);
    for (const { id, why, of } of missing) report(missingDependency(id, why, of));
    for (const { resource, object } of found) {
      this.#store(resource, object);
      if (nameOf(resource) === CRDS) await this.#captureOtherVersions(object);
    }
    return {
      dependencies: found.map(({ id, why }) => ({ id, why })),
      uses: uses.map(({ unit, why }) => ({ kind: unit.kind, name: unit.name, why })),
    };
  }

  /** A target may serve another version than the one that is preferred here, and only this cluster can convert to it. */
  async #captureOtherVersions(definition: JsonObject): Promise<void> {
    const { signal } = this.#options;
    for (const list of this.#scope.lists.filter(({ resource }) => nameOf(resource) === textIn(objectIn(definition, "metadata"), "name"))) {
      if ((this.#lists.get(list)?.count ?? 0) === 0) continue;
      for (const version of otherServedVersions(definition, list.resource.version)) {
        await this.#list({ ...list, resource: { ...list.resource, version, isPreferred: false } }, signal, () => undefined);
      }
    }
  }

  async #lookAgain(scope: MemberList): Promise<void> {
    const { report, atMoment } = this.#options;
    try {
      const changes = (await this.#lists.get(scope)?.changes((object) => this.#isMember(object))) ?? [];
      reportChanges(
        scope.resource,
        changes.filter((change) => atMoment?.isTrace(scope.resource, change) !== true),
        report,
      );
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== "kube_expired") throw error;
      report({
        grade: "info",
        code: "changes_unknown",
        object: nameOf(scope.resource),
        message: `Cannot tell what has changed meanwhile: ${error.message}`,
      });
    }
  }

  #runningImages(): readonly PointImage[] {
    return distinct(Array.from(this.#images.values())).toSorted((a, b) => (a.image < b.image ? -1 : 1));
  }

  #isMember(object: JsonObject): boolean {
    const { kind } = this.#scope.membership(object);
    return kind === "own" || kind === "child";
  }

  #store(resource: ResourceType, object: JsonObject): void {
    const metadata = objectIn(object, "metadata");
    const path = pathOfObject({ resource, namespace: textIn(metadata, "namespace") }, textIn(metadata, "name") ?? "");
    const { content, timeMs } = objectFile(object);
    this.#files.add(path, content, timeMs);
    this.#stored.add(resource);
    this.#doneItems++;
    this.#doneBytes += content.length;
    this.#options.progress({ stage: "Capturing objects", doneItems: this.#doneItems, doneBytes: this.#doneBytes });
  }
}

function missingDependency(id: ObjectId, why: string, of: readonly ObjectId[]): Finding {
  const by = of.map(describeId).join(", ");
  const message = `${by} refers to it (${why}), and it is not there`;
  return { grade: "info", code: "dependency_missing", object: describeId(id), message };
}
