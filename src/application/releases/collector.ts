/** The releases that members of a unit are of, as they stream by; what tools know of them is asked for at the end. */
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { getObject } from "../../kube/objects.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import { helmReleaseOf } from "./helm-record.ts";
import { helmRecordOf, type ReleaseMark, releaseMarkOf } from "./marks.ts";
import type { Release } from "./release.ts";

/** A record of Helm has up to 1 MiB, and only the newest counts: the others are not unpacked, unless they come first. */
interface Known {
  readonly mark: ReleaseMark;
  revision: number;
  release: Release | undefined;
}

export class ReleaseCollector {
  readonly #known = new Map<string, Known>();

  /** A member, whole. */
  add(object: JsonObject): void {
    const mark = releaseMarkOf(object);
    if (mark === undefined) return;
    const key = `${mark.tool} ${mark.namespace} ${mark.name}`;
    const known = this.#known.get(key) ?? { mark, revision: -1, release: undefined };
    this.#known.set(key, known);
    const record = helmRecordOf(object);
    // A revision that failed is not what runs.
    const status = textIn(objectIn(objectIn(object, "metadata"), "labels"), "status");
    if (record === undefined || record.revision <= known.revision || status === "failed" || status?.startsWith("pending") === true) return;
    known.revision = record.revision;
    known.release = helmReleaseOf(object) ?? { ...mark, source: undefined, revision: String(record.revision) };
  }

  /** In the order of their names. What may not be asked for stays unknown: it is told, not needed. */
  async releases(api: KubeApi, table: ResourceTable, signal?: AbortSignal): Promise<readonly Release[]> {
    const releases: Release[] = [];
    for (const { mark, release } of this.#known.values()) {
      const found = release ?? (mark.tool === "argocd" ? await argo(api, table, mark, signal) : undefined);
      releases.push(found ?? (mark.tool === "flux" ? await flux(api, table, mark, signal) : undefined) ?? unknown(mark));
    }
    return releases.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function unknown(mark: ReleaseMark): Release {
  return { ...mark, source: undefined, revision: undefined };
}

const APPLICATION = { group: "argoproj.io", kind: "Application" };
const KUSTOMIZATION = { group: "kustomize.toolkit.fluxcd.io", kind: "Kustomization" };
const HELM_RELEASE = { group: "helm.toolkit.fluxcd.io", kind: "HelmRelease" };

async function argo(api: KubeApi, table: ResourceTable, mark: ReleaseMark, signal?: AbortSignal): Promise<Release | undefined> {
  const application = await getIfThere(api, table, APPLICATION, mark, signal);
  if (application === undefined) return undefined;
  const spec = objectIn(application, "spec");
  const sync = objectIn(objectIn(application, "status"), "sync");
  const source = textIn(objectIn(spec, "source"), "repoURL") ?? textIn(listIn(spec, "sources")[0], "repoURL");
  return { ...mark, source, revision: textIn(sync, "revision") };
}

async function flux(api: KubeApi, table: ResourceTable, mark: ReleaseMark, signal?: AbortSignal): Promise<Release | undefined> {
  const kustomization = await getIfThere(api, table, KUSTOMIZATION, mark, signal);
  const installed = kustomization ?? (await getIfThere(api, table, HELM_RELEASE, mark, signal));
  if (installed === undefined) return undefined;
  const reference = objectIn(objectIn(installed, "spec"), "sourceRef");
  const kind = { group: "source.toolkit.fluxcd.io", kind: textIn(reference, "kind") ?? "" };
  const place = { name: textIn(reference, "name") ?? "", namespace: textIn(reference, "namespace") ?? mark.namespace };
  const source = kind.kind === "" ? undefined : await getIfThere(api, table, kind, place, signal);
  return {
    ...mark,
    source: textIn(objectIn(source, "spec"), "url"),
    revision: textIn(objectIn(installed, "status"), "lastAppliedRevision"),
  };
}

async function getIfThere(
  api: KubeApi,
  table: ResourceTable,
  kind: { readonly group: string; readonly kind: string },
  { namespace, name }: Pick<ReleaseMark, "name" | "namespace">,
  signal: AbortSignal | undefined,
): Promise<JsonObject | undefined> {
  const resource = table.ofKind(kind);
  if (resource === undefined || name === "") return undefined;
  try {
    return await getObject(api, resource, { namespace, name }, { signal });
  } catch (error) {
    if (error instanceof DomainError && ["forbidden", "not-found", "unsupported"].includes(error.kind)) return undefined;
    throw error;
  }
}
