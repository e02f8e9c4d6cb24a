/** What tools write on the objects that they install. */
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { idOfObject } from "../../kube/object-id.ts";
import type { Release } from "./release.ts";

/** Which release an object is of; what else is known of it stands elsewhere. */
export type ReleaseMark = Pick<Release, "name" | "namespace" | "tool">;

/** The metadata is enough. Helm counts before Argo CD, that before Flux: the nearer a tool is to the object, the better it knows it. */
export function releaseMarkOf(object: JsonObject): ReleaseMark | undefined {
  return helmMark(object) ?? argoMark(object) ?? fluxMark(object);
}

/** Helm keeps releases as Secrets, or if told so as ConfigMaps. Source: Helm, `storage.makeKey()`. */
const RELEASE_NAME = /^sh\.helm\.release\.v\d+\.(?<name>.+)\.v(?<revision>\d+)$/;

export interface HelmRecord {
  readonly name: string;
  readonly revision: number;
}

/** undefined: it is not one of Helm's own records of a release. */
export function helmRecordOf(object: JsonObject): HelmRecord | undefined {
  const metadata = objectIn(object, "metadata");
  const { name, revision } = RELEASE_NAME.exec(textIn(metadata, "name") ?? "")?.groups ?? {};
  if (textIn(objectIn(metadata, "labels"), "owner") !== "helm" || name === undefined) return undefined;
  return { name, revision: Number(revision) };
}

function helmMark(object: JsonObject): ReleaseMark | undefined {
  const metadata = objectIn(object, "metadata");
  const namespace = textIn(metadata, "namespace") ?? "";
  const record = helmRecordOf(object);
  if (record !== undefined) return { tool: "helm", name: record.name, namespace };
  const annotations = objectIn(metadata, "annotations");
  const name = textIn(annotations, "meta.helm.sh/release-name");
  return name === undefined
    ? undefined
    : { tool: "helm", name, namespace: textIn(annotations, "meta.helm.sh/release-namespace") ?? namespace };
}

/** `app:group/kind:namespace/name`: of another object if somebody copied the annotation, as controllers do. */
const TRACKING_ID = /^(?:(?<namespace>[^:_]+)_)?(?<app>[^:]+):(?<group>[^/]*)\/(?<kind>[^:]+):(?<where>[^/]*)\/(?<name>.+)$/;
const ARGO_NAMESPACE = "argocd";

function argoMark(object: JsonObject): ReleaseMark | undefined {
  const annotations = objectIn(objectIn(object, "metadata"), "annotations");
  const tracked = TRACKING_ID.exec(textIn(annotations, "argocd.argoproj.io/tracking-id") ?? "")?.groups;
  const id = idOfObject(object);
  const { app = "", namespace = ARGO_NAMESPACE, group, kind, where, name } = tracked ?? {};
  const isOfThis = group === id.group && kind === id.kind && (where === "" || where === id.namespace) && name === id.name;
  return isOfThis ? { tool: "argocd", name: app, namespace } : undefined;
}

function fluxMark(object: JsonObject): ReleaseMark | undefined {
  const labels = objectIn(objectIn(object, "metadata"), "labels");
  for (const toolkit of ["helm", "kustomize"]) {
    const name = textIn(labels, `${toolkit}.toolkit.fluxcd.io/name`);
    const namespace = textIn(labels, `${toolkit}.toolkit.fluxcd.io/namespace`);
    if (name !== undefined && namespace !== undefined) return { tool: "flux", name, namespace };
  }
  return undefined;
}
