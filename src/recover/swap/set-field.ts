/**
 * Changes one field of an object of the application for a time, and puts back what was there: the value, and who owned it. What somebody
 * else has changed meanwhile is theirs.
 */
import { isDeepStrictEqual } from "node:util";
import { DomainError, isRetryable } from "../../base/errors.ts";
import { retry } from "../../base/retry.ts";
import { isJsonObject, type JsonObject, type JsonValue, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { getObject, patchObject } from "../../kube/objects.ts";
import { managedFieldsOf, ownersAfterChange, RESTORE_MANAGER } from "../field-manager.ts";
import { type FieldPath, fieldsAt } from "../owned-fields.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { resourceVersionOf } from "../volumes/storage-objects.ts";
import type { FieldPurpose, SetField } from "./steps.ts";

export interface FieldChange {
  readonly purpose: FieldPurpose;
  readonly resource: SetField["resource"];
  readonly object: JsonObject;
  readonly path: FieldPath;
  readonly value: JsonValue;
}

const RETRIES = { maxAttempts: 10, maxElapsedMs: 30_000, firstDelayMs: 50, maxDelayMs: 2_000 };

/** With what it takes to put it back. */
export function setFieldStep({ purpose, resource, object, path, value }: FieldChange): SetField {
  const { namespace, name } = object["metadata"] as { readonly namespace: string; readonly name: string };
  const { group, version, plural, kind } = resource;
  const owners = managedFieldsOf(object).flatMap((entry) => {
    const fields = isJsonObject(entry) && isJsonObject(entry["fieldsV1"]) ? fieldsAt(entry["fieldsV1"], path) : undefined;
    return fields === undefined ? [] : [{ ...(entry as JsonObject), fieldsV1: fields }];
  });
  return {
    kind: "set",
    purpose,
    resource: { group, version, plural, kind },
    namespace,
    name,
    path,
    value,
    old: valueAt(object, path),
    owners,
  };
}

export function valueAt(object: JsonObject, path: FieldPath): JsonValue {
  let value: JsonValue | undefined = object;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value ?? null;
}

export async function setField(api: KubeApi, step: SetField, signal: AbortSignal): Promise<void> {
  await change(api, step, signal, (live) => (isDeepStrictEqual(valueAt(live, step.path), step.value) ? undefined : step.value));
}

/** @returns whether somebody else has changed it meanwhile, or taken the object away */
export async function putBackField(api: KubeApi, step: SetField, signal: AbortSignal): Promise<boolean> {
  const { resource, namespace, name, path, old, value, owners } = step;
  const live = await change(api, step, signal, (found) => {
    const now = valueAt(found, path);
    return isDeepStrictEqual(now, value) && !isDeepStrictEqual(now, old) ? old : undefined;
  });
  if (live === undefined || !isDeepStrictEqual(valueAt(live, path), old)) return true;
  const isOurs = (entry: JsonValue): boolean =>
    textIn(entry, "manager") === RESTORE_MANAGER && fieldsAt(objectIn(entry, "fieldsV1"), path) !== undefined;
  if (!managedFieldsOf(live).some(isOurs)) return false;
  const theirs = managedFieldsOf(live).filter((entry) => isJsonObject(entry) && entry["manager"] !== RESTORE_MANAGER);
  const managedFields = ownersAfterChange({ ...live, metadata: { ...(live["metadata"] as JsonObject), managedFields: theirs } }, owners, [
    path,
  ]);
  const metadata = { resourceVersion: resourceVersionOf(live), managedFields };
  const patch = { type: "merge", changes: { metadata } } as const;
  await patchObject(api, resource, { namespace, name }, patch, { fieldManager: RESTORE_MANAGER, signal }).catch(onlyIfUnchanged);
  return false;
}

/** Only as it was seen, so that nobody's change is lost. undefined: there is no such object any more. */
async function change(
  api: KubeApi,
  { resource, namespace, name, path }: SetField,
  signal: AbortSignal,
  wanted: (live: JsonObject) => JsonValue | undefined,
): Promise<JsonObject | undefined> {
  const attempt = async (): Promise<JsonObject | undefined> => {
    const live = await getObject(api, resource, { namespace, name }, { signal }).catch(onlyIfThere);
    const value = live === undefined ? undefined : wanted(live);
    if (live === undefined || value === undefined) return live;
    const changes = at(path, value, valueAt(live, path));
    const patch = { type: "merge", changes: { ...changes, metadata: metadataWith(changes, resourceVersionOf(live)) } } as const;
    return patchObject(api, resource, { namespace, name }, patch, { fieldManager: RESTORE_MANAGER, signal });
  };
  const mayPass = (error: unknown): boolean => isRetryable(error) || (error instanceof DomainError && error.code === "kube_conflict");
  return retry(attempt, { ...RETRIES, clock: api.clock, random: api.random, signal, isRetryable: mayPass });
}

/** As a merge patch: what is in an object that is there, and not in the one that comes, has to be taken out by name. */
function at(path: FieldPath, value: JsonValue, live: JsonValue): JsonObject {
  const gone = isJsonObject(live) && isJsonObject(value) ? Object.keys(live).filter((name) => !Object.hasOwn(value, name)) : [];
  const whole = isJsonObject(value) ? { ...Object.fromEntries(gone.map((name) => [name, null])), ...value } : value;
  return path.reduceRight<JsonValue>((inner, name) => ({ [name]: inner }), whole) as JsonObject;
}

function metadataWith(changes: JsonObject, resourceVersion: string): JsonObject {
  const metadata = changes["metadata"];
  return { ...(isJsonObject(metadata) ? metadata : {}), resourceVersion };
}

/** Who owns the field is worth no failure. */
function onlyIfUnchanged(error: unknown): undefined {
  if (error instanceof DomainError && (error.code === "kube_conflict" || error.code === "kube_not_found")) return undefined;
  throw error;
}
