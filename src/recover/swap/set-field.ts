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
import { type FieldPath, fieldsAt, withoutFields } from "../owned-fields.ts";
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
  if (!(await putBackValue(api, step, signal))) return true;
  await giveBackOwnership(api, step, signal);
  return false;
}

/** Where every moment counts; putBackField() gives the field to who owned it, afterwards. @returns whether it has its old value */
export async function putBackValue(api: KubeApi, step: SetField, signal: AbortSignal): Promise<boolean> {
  const { path, old, value } = step;
  const live = await change(api, step, signal, (found) => {
    const now = valueAt(found, path);
    return isDeepStrictEqual(now, value) && !isDeepStrictEqual(now, old) ? old : undefined;
  });
  return live !== undefined && isDeepStrictEqual(valueAt(live, path), old);
}

/** Whoever owned the field before does so again. */
async function giveBackOwnership(api: KubeApi, step: SetField, signal: AbortSignal): Promise<void> {
  const { resource, namespace, name, path, owners } = step;
  const isOurs = (entry: JsonValue): boolean => textIn(entry, "manager") === RESTORE_MANAGER;
  await repeated(api, signal, async () => {
    const live = await getObject(api, resource, { namespace, name }, { signal }).catch(onlyIfThere);
    const ours = live === undefined ? [] : managedFieldsOf(live).filter(isOurs);
    if (live === undefined || ours.every((entry) => fieldsAt(objectIn(entry, "fieldsV1"), path) === undefined)) return;
    const metadata = objectIn(live, "metadata");
    const others = managedFieldsOf(live).filter((entry) => !isOurs(entry));
    // Of other fields it may be the owner for some time yet.
    const kept = ours.flatMap((entry) => {
      const fieldsV1 = withoutFields(objectIn(entry, "fieldsV1"), path);
      return Object.keys(fieldsV1).length === 0 ? [] : [{ ...(entry as JsonObject), fieldsV1 }];
    });
    const left = { ...live, metadata: { ...metadata, managedFields: others } };
    const managedFields = [...ownersAfterChange(left, owners, [path]), ...kept];
    const patch = { type: "merge", changes: { metadata: { resourceVersion: resourceVersionOf(live), managedFields } } } as const;
    await patchObject(api, resource, { namespace, name }, patch, { fieldManager: RESTORE_MANAGER, signal });
  });
}

/** Only as it was seen, so that nobody's change is lost. undefined: there is no such object any more. */
async function change(
  api: KubeApi,
  { resource, namespace, name, path }: SetField,
  signal: AbortSignal,
  wanted: (live: JsonObject) => JsonValue | undefined,
): Promise<JsonObject | undefined> {
  return repeated(api, signal, async () => {
    const live = await getObject(api, resource, { namespace, name }, { signal }).catch(onlyIfThere);
    const value = live === undefined ? undefined : wanted(live);
    if (live === undefined || value === undefined) return live;
    const changes = at(path, value, valueAt(live, path));
    const patch = { type: "merge", changes: { ...changes, metadata: metadataWith(changes, resourceVersionOf(live)) } } as const;
    return patchObject(api, resource, { namespace, name }, patch, { fieldManager: RESTORE_MANAGER, signal });
  });
}

/** Controllers write the status of what they look after at any time. */
async function repeated<T>(api: KubeApi, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const mayPass = (error: unknown): boolean => isRetryable(error) || (error instanceof DomainError && error.code === "kube_conflict");
  return retry(work, { ...RETRIES, clock: api.clock, random: api.random, signal, isRetryable: mayPass });
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
