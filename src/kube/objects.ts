/** Single objects: get, create, update, apply, patch, delete. What comes and goes is the JSON of the server, untouched. */
import { DomainError } from "../base/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue, objectIn, textIn } from "./json.ts";
import type { KubeApi } from "./kube-api.ts";
import type { KubeRequest, Query } from "./request.ts";
import { describe, pathOf, type Place, type ResourcePath } from "./resource-type.ts";

export interface ObjectPlace extends Place {
  readonly name: string;
}

type CallOptions = Pick<KubeRequest, "onRetry" | "signal">;

export interface WriteOptions extends CallOptions {
  /** Who owns the fields that are written. */
  readonly fieldManager: string;
  /** Admission and validation see it, and nothing is stored. */
  readonly isDryRun?: boolean | undefined;
}

export interface ApplyOptions extends WriteOptions {
  /** Takes over fields that others own, instead of failing with kube_conflict. */
  readonly force?: boolean | undefined;
}

export interface DeleteOptions extends CallOptions {
  readonly isDryRun?: boolean | undefined;
  /** Only this very object, and only as it was seen: otherwise kube_conflict. */
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } | undefined;
  /** What becomes of the objects that it owns. */
  readonly propagation: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number | undefined;
}

/** RFC 6902; RFC 7386; and Kubernetes' own, which knows how the lists of built-in kinds are merged. */
export type Patch =
  | { readonly type: "json"; readonly operations: readonly JsonValue[] }
  | { readonly type: "merge" | "strategic"; readonly changes: JsonObject };

const JSON_TYPE = "application/json";
/** JSON is YAML. */
const APPLY_TYPE = "application/apply-patch+yaml";
const PATCH_TYPES = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
} as const;

export async function getObject(api: KubeApi, resource: ResourcePath, place: ObjectPlace, options: CallOptions = {}): Promise<JsonObject> {
  return call(api, resource, place, { method: "GET", verb: "get", ...options });
}

/** The namespace is where it goes; the name stands in the object. The server drops managedFields that it carries: a patch brings them back. */
export async function createObject(
  api: KubeApi,
  resource: ResourcePath,
  object: JsonObject,
  options: WriteOptions & Pick<Place, "namespace">,
): Promise<JsonObject> {
  const { namespace, onRetry, signal } = options;
  const name = textIn(objectIn(object, "metadata"), "name");
  // The path of a create ends before the name.
  const body = { type: JSON_TYPE, value: object };
  const request = { method: "POST", verb: "create", query: writeQuery(options), body, onRetry, signal } as const;
  return call(api, resource, { namespace }, { ...request, shown: { namespace, name } });
}

/** Replaces it. With a resourceVersion in it only if nobody else has changed it since. */
export async function updateObject(
  api: KubeApi,
  resource: ResourcePath,
  place: ObjectPlace,
  object: JsonObject,
  options: WriteOptions,
): Promise<JsonObject> {
  const query = writeQuery(options);
  return call(api, resource, place, {
    method: "PUT",
    verb: "update",
    query,
    body: { type: JSON_TYPE, value: object },
    onRetry: options.onRetry,
    signal: options.signal,
  });
}

/** Server-side apply: creates it, or makes it have these fields. */
export async function applyObject(
  api: KubeApi,
  resource: ResourcePath,
  place: ObjectPlace,
  object: JsonObject,
  options: ApplyOptions,
): Promise<JsonObject> {
  return call(api, resource, place, {
    method: "PATCH",
    verb: "apply",
    query: { ...writeQuery(options), force: options.force === true ? true : undefined },
    body: { type: APPLY_TYPE, value: object },
    isRepeatable: true,
    onRetry: options.onRetry,
    signal: options.signal,
  });
}

export async function patchObject(
  api: KubeApi,
  resource: ResourcePath,
  place: ObjectPlace,
  patch: Patch,
  options: WriteOptions,
): Promise<JsonObject> {
  const value = patch.type === "json" ? patch.operations : patch.changes;
  return call(api, resource, place, {
    method: "PATCH",
    verb: "patch",
    query: writeQuery(options),
    body: { type: PATCH_TYPES[patch.type], value },
    // An operation on a list, done twice, is another one.
    isRepeatable: patch.type === "merge",
    onRetry: options.onRetry,
    signal: options.signal,
  });
}

/** Gives the object as long as finalizers hold it, or else a Status. */
export async function deleteObject(api: KubeApi, resource: ResourcePath, place: ObjectPlace, options: DeleteOptions): Promise<JsonObject> {
  const { preconditions, propagation, gracePeriodSeconds, isDryRun } = options;
  const value = {
    apiVersion: "v1",
    kind: "DeleteOptions",
    propagationPolicy: propagation,
    preconditions,
    gracePeriodSeconds,
    ...(isDryRun === true ? { dryRun: ["All"] } : {}),
  };
  return call(api, resource, place, {
    method: "DELETE",
    verb: "delete",
    body: { type: JSON_TYPE, value },
    isRepeatable: preconditions?.uid !== undefined,
    onRetry: options.onRetry,
    signal: options.signal,
  });
}

interface ObjectCall extends Pick<KubeRequest, "body" | "isRepeatable" | "method" | "onRetry" | "query" | "signal"> {
  readonly verb: string;
  /** For messages, if it is not what the path says. */
  readonly shown?: Place | undefined;
}

async function call(api: KubeApi, resource: ResourcePath, place: Place, { verb, shown, ...request }: ObjectCall): Promise<JsonObject> {
  const action = `${verb} ${describe(resource, shown ?? place)}`;
  const { value } = await api.request({ ...request, action, path: pathOf(resource, place) });
  if (!isJsonObject(value)) throw new DomainError("unavailable", "kube_unavailable", `Cannot ${action}: the answer is not an object`);
  return value;
}

function writeQuery({ fieldManager, isDryRun }: WriteOptions): Query {
  return { fieldManager, dryRun: isDryRun === true ? "All" : undefined };
}
