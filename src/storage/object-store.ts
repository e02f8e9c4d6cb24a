/**
 * The contract of a place that holds objects: a bucket, a folder, memory. Everything above relies on these guarantees and on no
 * others; `test/contract/object-store.ts` holds every implementation against them.
 *
 * - **Put is atomic**: a reader sees the whole object or none, also when the writer is killed. A put that fails may have happened.
 * - **Create-only put**: of any number of concurrent puts with `ifAbsent` for one key exactly one succeeds.
 * - **Read after write**: when a put or delete has returned, every reader and every list sees it.
 * - **Lists are in the order of the keys' UTF-8 bytes**, and come in pages of bounded memory.
 * - **Nothing is retried here**: errors say by their kind whether trying again can help (`retrying.ts` does it).
 * - **After an abort** the outcome of a put or delete is unknown; nothing of it changes later on than a moment after.
 *
 * @throws {DomainError} not-found/object_not_found: get, info or a version of what is not there.
 * @throws {DomainError} conflict/object_exists: a put with `ifAbsent` for a key that is taken.
 * @throws {DomainError} forbidden/storage_forbidden: the credentials do not allow it.
 * @throws {DomainError} forbidden/object_locked: a version under retention or legal hold would be deleted or shortened.
 * @throws {DomainError} unauthenticated/storage_credentials: no credentials, or wrong ones.
 * @throws {DomainError} unavailable/storage_unavailable: network, an answer that ended early, throttling (`details.retryAfterMs` if it
 *   was told), server fault.
 * @throws {DomainError} unavailable/storage_full: no space, or over quota.
 * @throws {DomainError} corrupt/storage_torn: a range that ends after the object does.
 * @throws {DomainError} corrupt/storage_too_long: an object, or an answer of the server, that has more bytes than it may have.
 */
import type { Brand } from "../base/ids.ts";
import { DomainError } from "../base/errors.ts";

/** Slash-separated name of an object below the root of its store, 1 to 900 bytes of UTF-8. */
export type ObjectKey = Brand<string, "ObjectKey">;

export interface ObjectInfo {
  readonly key: ObjectKey;
  readonly sizeBytes: number;
  /** By the clock of the store, milliseconds since 1970. */
  readonly modifiedMs: number;
}

export interface Range {
  readonly offset: number;
  readonly length: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions extends CallOptions {
  /** Fails instead of replacing. */
  readonly ifAbsent?: boolean;
  /** SHA-256 of the body, 32 bytes, if it is known already: some stores need it, and nothing is to be hashed twice. */
  readonly sha256?: Uint8Array | undefined;
  /** Nobody can delete or shorten this version before that moment, milliseconds since 1970. Only where `locking` is offered. */
  readonly retainUntilMs?: number | undefined;
}

export interface GetOptions extends CallOptions {
  /** All of it must exist. */
  readonly range?: Range | undefined;
  /** Of the whole object: what is longer is refused, and not read on, since whoever can write to the store can put anything there. */
  readonly maxBytes?: number | undefined;
}

export interface ListOptions extends CallOptions {
  /** Only keys that come after this one. */
  readonly after?: ObjectKey | undefined;
}

export interface ObjectStore extends AsyncDisposable {
  /** What a person calls the store: its URL, without any credentials. */
  readonly url: string;
  put(key: ObjectKey, body: Uint8Array, options?: PutOptions): Promise<void>;
  get(key: ObjectKey, options?: GetOptions): Promise<Uint8Array>;
  info(key: ObjectKey, options?: CallOptions): Promise<ObjectInfo>;
  /** All objects whose key starts with the prefix, which need not end at a slash; "" for all. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo>;
  /** No error if there is nothing to delete. On a versioned store it hides the object and deletes no version. */
  delete(key: ObjectKey, options?: CallOptions): Promise<void>;
  /** Offered by stores that keep what was replaced and hidden. */
  readonly versions?: ObjectVersions | undefined;
  /** Offered by stores that can refuse to delete a version. */
  readonly locking?: ObjectLocking | undefined;
}

/** Opaque, and only unique together with the key. */
export type VersionId = Brand<string, "VersionId">;

export interface VersionInfo extends ObjectInfo {
  readonly version: VersionId;
  /** Whether a plain get gives this version. */
  readonly isLatest: boolean;
  /** A delete marker hides older versions, and has no content. */
  readonly isDeleteMarker: boolean;
}

export interface ObjectVersions {
  /** All versions and delete markers, by key, the newest of a key first. */
  list(prefix: string, options?: ListOptions): AsyncIterable<VersionInfo>;
  get(key: ObjectKey, version: VersionId, options?: GetOptions): Promise<Uint8Array>;
  /** Deletes for good. No error if there is nothing to delete. */
  delete(key: ObjectKey, version: VersionId, options?: CallOptions): Promise<void>;
}

/** Compliance mode: nobody can shorten or lift a retention. */
export interface ObjectLocking {
  retainedUntilMs(key: ObjectKey, version?: VersionId, options?: CallOptions): Promise<number | undefined>;
  /** Never earlier than what is set already. */
  retainUntil(key: ObjectKey, untilMs: number, version?: VersionId, options?: CallOptions): Promise<void>;
  hasLegalHold(key: ObjectKey, version?: VersionId, options?: CallOptions): Promise<boolean>;
  setLegalHold(key: ObjectKey, on: boolean, version?: VersionId, options?: CallOptions): Promise<void>;
}

/** S3 allows 1,024 bytes; the rest is room for the prefix of a location. */
const MAX_KEY_BYTES = 900;

/**
 * Checks a name from anywhere, a hostile bucket included: it can never lead out of the root of a store.
 *
 * @throws {DomainError} usage/object_key
 */
export function parseObjectKey(text: string): ObjectKey {
  const segments = text.split("/");
  const bad = segments.some((segment) => segment === "" || segment === "." || segment === "..");
  const odd = Array.from(text).some((letter) => letter < " " || letter === "\x7f" || letter === "\\");
  if (bad || odd || !text.isWellFormed() || Buffer.byteLength(text) > MAX_KEY_BYTES) {
    throw new DomainError("usage", "object_key", `Cannot use ${JSON.stringify(text)} as the name of an object`);
  }
  return text as ObjectKey;
}
