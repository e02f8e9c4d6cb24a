/**
 * Writes one object after the other: create or change it, then its status, then the fields to their owners. Each step can be done
 * again; what is half done has the restore's name among its owners.
 */
import { DomainError, isRetryable } from "../../base/errors.ts";
import { retry } from "../../base/retry.ts";
import { type JsonObject, type JsonValue, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { createObject, deleteObject, getObject, patchObject, updateObject } from "../../kube/objects.ts";
import { nameOf, type ResourceType } from "../../kube/resource-type.ts";
import { creatorOf, isHalfDone, isSameOwnership, managedFieldsOf, ownersAfterChange, RESTORE_MANAGER } from "../field-manager.ts";
import { coversObject, type Difference, difference } from "../plan/field-changes.ts";
import type { PlannedObject } from "../plan/chosen-objects.ts";
import { replacement } from "../plan/replacement.ts";
import type { PreparedObject } from "../prepare/prepared.ts";
import { managedFields, ownerReferences, type OwnerUid } from "../prepare/rewire.ts";
import { waitUntilGone } from "./wait-until-gone.ts";
import type { Pace } from "./pace.ts";

export interface WriterContext {
  readonly api: KubeApi;
  readonly pace: Pace;
  readonly uidOf: OwnerUid;
}

export interface Write extends PlannedObject {
  /** An owner of it is restored later: it gets its owners, and its fields their owners, by finish(). */
  readonly isUnfinished: boolean;
}

/** A write whose answer was lost is done again, and then looks whether it was done. */
const RETRIES = { maxAttempts: 8, maxElapsedMs: 60_000, firstDelayMs: 200, maxDelayMs: 10_000 };
const fieldManager = RESTORE_MANAGER;

export class Writer {
  readonly #context: WriterContext;

  constructor(context: WriterContext) {
    this.#context = context;
  }

  /** @returns it as it is there now */
  async write(write: Write, signal: AbortSignal): Promise<JsonObject> {
    return this.#retry(() => this.#step(write, signal), signal);
  }

  async #step(write: Write, signal: AbortSignal): Promise<JsonObject> {
    if (write.entry.action === "create") return this.#create(write, signal);
    return write.entry.action === "update" ? this.#update(write, signal) : this.#replace(write, signal);
  }

  async #create(write: Write, signal: AbortSignal): Promise<JsonObject> {
    const { prepared, served, isUnfinished } = write;
    const { namespace } = prepared;
    const manager = isUnfinished || hasOwnStatus(write) ? fieldManager : creatorOf(prepared.managedFields);
    let live: JsonObject;
    try {
      live = await this.#send("create", served, (onRetry) =>
        createObject(this.#context.api, served, this.#body(write), { namespace, fieldManager: manager, onRetry, signal }),
      );
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== "kube_exists") throw error;
      // Our own, of a request whose answer was lost; or somebody was faster.
      const found = await this.#get(write, signal);
      if (!isHalfDone(found) && !prepared.isMerged && !coversObject(found, prepared.object)) throw error;
      live = prepared.isMerged ? await this.#change(write, found, signal) : found;
    }
    return isUnfinished ? live : this.#giveBack(write, live, prepared.managedFields, signal);
  }

  async #update(write: Write, signal: AbortSignal): Promise<JsonObject> {
    const found = await this.#get(write, signal);
    const { changes, paths } = compare(write, found);
    // Its resourceVersion rises with its status, too.
    const isAsPlanned = JSON.stringify(changes) === JSON.stringify(write.entry.changes ?? []);
    if (!isAsPlanned && !isHalfDone(found)) throw changedMeanwhile(write);
    const live = await this.#change(write, found, signal);
    const owners = ownersAfterChange(found, write.prepared.managedFields, paths);
    return write.isUnfinished ? live : this.#giveBack(write, live, owners, signal);
  }

  async #change(write: Write, found: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    const { prepared, served } = write;
    const { patch } = compare(write, found);
    const owners = isHalfDone(found) ? this.#owners(write) : {};
    if (Object.keys(patch).length === 0 && Object.keys(owners).length === 0) return found;
    const metadata = { ...objectIn(patch, "metadata"), ...owners, resourceVersion: versionOf(found) };
    const changes = { ...patch, metadata };
    return this.#patch(served, prepared, changes, signal);
  }

  /** In its place, so that it keeps its uid; anew only if a field of it can never be changed. What it owned stays. */
  async #replace(write: Write, signal: AbortSignal): Promise<JsonObject> {
    const { prepared, served, entry } = write;
    const { api } = this.#context;
    const place = { namespace: prepared.namespace, name: prepared.name };
    const found = await this.#get(write, signal).catch((error: unknown) => {
      if (error instanceof DomainError && error.code === "kube_not_found") return undefined; // by an attempt before
      throw error;
    });
    if (found === undefined) return this.#create(write, signal);
    const metadata = objectIn(found, "metadata");
    const uid = entry.live?.uid;
    if (uid === undefined || textIn(metadata, "uid") !== uid) return this.#create(write, signal);
    let live: JsonObject | undefined;
    try {
      const value = replacement(found, prepared.object);
      live = await this.#send("update", served, (onRetry) => updateObject(api, served, place, value, { fieldManager, onRetry, signal }));
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== "kube_invalid") throw error;
    }
    if (live !== undefined) return this.#giveBack(write, live, prepared.managedFields, signal);
    await this.#assertCreatable(write, signal);
    const preconditions = { uid, resourceVersion: versionOf(found) };
    await deleteObject(api, served, place, { preconditions, propagation: "Orphan", signal });
    await waitUntilGone(api, served, place, uid, signal);
    return this.#create(write, signal);
  }

  /** Nothing is deleted that cannot be made again: the server finds out what is invalid before it finds out what is there. */
  async #assertCreatable(write: Write, signal: AbortSignal): Promise<void> {
    const { prepared, served } = write;
    const { namespace } = prepared;
    try {
      await createObject(this.#context.api, served, this.#body(write), { namespace, fieldManager, isDryRun: true, signal });
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== "kube_exists") throw error;
    }
  }

  /** For what was written before its owners were. */
  async finish(write: Write, signal: AbortSignal): Promise<void> {
    const { prepared, served } = write;
    const owners = ownerReferences(prepared.owners, this.#context.uidOf);
    await this.#retry(async () => {
      const found = await this.#get(write, signal);
      const live = owners.length === 0 ? found : await this.#patch(served, prepared, { metadata: { ownerReferences: owners } }, signal);
      return this.#giveBack(write, live, prepared.managedFields, signal);
    }, signal);
  }

  /** The last step: status, then the fields to those that they belong to. A patch of nothing but them takes none. */
  async #giveBack(write: Write, live: JsonObject, wanted: readonly JsonValue[], signal: AbortSignal): Promise<JsonObject> {
    const { prepared, served } = write;
    if (hasOwnStatus(write)) await this.#patch(served, prepared, { status: prepared.status?.value ?? {} }, signal, "status");
    const fields = managedFields({ managedFields: wanted, owners: prepared.owners }, this.#context.uidOf);
    if (!hasOwnStatus(write) && isSameOwnership(managedFieldsOf(live), fields)) return live;
    // An empty entry is how the server is told that nobody owns anything.
    return this.#patch(served, prepared, { metadata: { managedFields: fields.length === 0 ? [{}] : fields } }, signal);
  }

  /** As a part of its metadata. */
  #owners({ prepared, isUnfinished }: Write): JsonObject {
    const owners = isUnfinished ? [] : ownerReferences(prepared.owners, this.#context.uidOf);
    return owners.length === 0 ? {} : { ownerReferences: owners };
  }

  #body(write: Write): JsonObject {
    const { prepared, served } = write;
    const { object, status } = prepared;
    const isPlainStatus = status !== undefined && !served.subresources.has("status");
    return {
      ...object,
      metadata: { ...objectIn(object, "metadata"), ...this.#owners(write) },
      ...(isPlainStatus ? { status: status.value } : {}),
    };
  }

  async #get({ prepared, served }: Write, signal: AbortSignal): Promise<JsonObject> {
    const place = { namespace: prepared.namespace, name: prepared.name };
    return this.#send("get", served, (onRetry) => getObject(this.#context.api, served, place, { onRetry, signal }));
  }

  async #patch(
    served: ResourceType,
    { namespace, name }: PreparedObject,
    changes: JsonObject,
    signal: AbortSignal,
    subresource?: string,
  ): Promise<JsonObject> {
    const place = { namespace, name, subresource };
    return this.#send("patch", served, (onRetry) =>
      patchObject(this.#context.api, served, place, { type: "merge", changes }, { fieldManager, onRetry, signal }),
    );
  }

  async #send<T>(verb: string, served: ResourceType, send: (onRetry: (error: unknown) => void) => Promise<T>): Promise<T> {
    return this.#context.pace.run(`${verb} ${nameOf(served)}`, send);
  }

  async #retry<T>(operation: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, random } = this.#context.api;
    const mayPass = (error: unknown): boolean => (isRetryable(error) && !isWebhook(error)) || isNotServedYet(error);
    return retry(operation, { ...RETRIES, clock, random, signal, isRetryable: mayPass });
  }
}

/** The server is well, and asked somebody who is not. */
export function isWebhook(error: unknown): boolean {
  return error instanceof DomainError && /(failed calling|admission|conversion) webhook/.test(String(error.details["answer"]));
}

/** What discovery shows the handlers of the server may learn a moment later. */
function isNotServedYet(error: unknown): boolean {
  return error instanceof DomainError && error.code === "kube_not_served";
}

function hasOwnStatus({ prepared, served }: Write): boolean {
  return prepared.status?.isNeeded === true && served.subresources.has("status");
}

function compare({ prepared, original }: Write, live: JsonObject): Difference {
  return difference({ live, wanted: prepared.object, original, isMerged: prepared.isMerged });
}

function versionOf(object: JsonObject): string {
  return textIn(objectIn(object, "metadata"), "resourceVersion") ?? "";
}

function changedMeanwhile({ entry }: Write): DomainError {
  const { kind, name } = entry.id;
  return new DomainError("conflict", "restore_changed", `Cannot update ${kind} "${name}": it was changed after the plan was made`);
}
