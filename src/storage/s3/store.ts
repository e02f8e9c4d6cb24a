/** The object store contract over a bucket of S3, or of any server that speaks it. */
import { hash } from "node:crypto";
import { type Clock, systemClock } from "../../base/clock.ts";
import { DomainError } from "../../base/errors.ts";
import type { GetOptions, ObjectInfo, ObjectKey, ObjectStore, ObjectVersions, VersionId } from "../object-store.ts";
import { S3Client, type S3Answer, type S3Traffic } from "./client.ts";
import { type ConnectionOptions, openConnections } from "./connections.ts";
import { type CredentialSource, defaultCredentials, rememberCredentials } from "./credentials.ts";
import { failure, s3CodeOf, tornError } from "./failures.ts";
import { listObjects, listVersions } from "./lists.ts";
import { checksumHeader, retentionHeaders, s3Locking } from "./locking.ts";
import { parseHttpDate } from "./times.ts";
import type { S3Location } from "./url.ts";
import { childText, parseXml } from "./xml.ts";

export interface S3StoreOptions extends Partial<ConnectionOptions> {
  /** @default the usual AWS places */
  readonly credentials?: CredentialSource | undefined;
  readonly clock?: Clock | undefined;
}

export interface S3Store extends ObjectStore {
  readonly traffic: S3Traffic;
}

/**
 * Opens the bucket, and asks it whether it keeps versions and has Object Lock.
 *
 * @throws {DomainError} not-found/bucket_not_found, and as the contract has it
 */
export async function openS3Store(location: S3Location, options: S3StoreOptions = {}): Promise<S3Store> {
  const { clock = systemClock, environment = process.env, signal } = options;
  const credentials = rememberCredentials(options.credentials ?? defaultCredentials(environment), clock);
  const connections = await openConnections({ ...options, environment });
  await using owned = new AsyncDisposableStack();
  const client = owned.use(new S3Client({ location, connections, credentials, clock }));
  const hasVersions = (await bucketSetting(client, { query: "versioning", element: "Status", signal })) === "Enabled";
  const lockQuery = { query: "object-lock", element: "ObjectLockEnabled", signal };
  const hasLocking = hasVersions && (await bucketSetting(client, lockQuery)) === "Enabled";
  owned.move();
  return store(client, { hasVersions, hasLocking });
}

interface Features {
  readonly hasVersions: boolean;
  readonly hasLocking: boolean;
}

function store(client: S3Client, { hasVersions, hasLocking }: Features): S3Store {
  const { url } = client.location;
  return {
    url,
    traffic: client.traffic,
    async put(key, body, options = {}) {
      const action = `put "${key}"`;
      const { retainUntilMs } = options;
      if (retainUntilMs !== undefined && !hasLocking) throw failure({ action, url }, NO_LOCKING);
      const sha256 = options.sha256 ?? hash("sha256", body, "buffer");
      const headers = {
        ...(options.ifAbsent === true ? { "if-none-match": "*" } : {}),
        ...(hasLocking ? checksumHeader(sha256) : {}),
        ...(retainUntilMs === undefined ? {} : retentionHeaders(retainUntilMs)),
      };
      await client.request({ method: "PUT", action, key, body, sha256, headers, signal: options.signal });
    },
    get: async (key, options = {}) => get(client, key, options),
    info: async (key, options = {}) => info(client, key, undefined, options.signal),
    list: (prefix, options = {}) => listObjects(client, prefix, options),
    async delete(key, { signal } = {}) {
      await removing(client.request({ method: "DELETE", action: `delete "${key}"`, key, signal }));
    },
    versions: hasVersions ? versions(client) : undefined,
    locking: hasLocking ? s3Locking(client) : undefined,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

const NO_LOCKING = [
  "unsupported",
  "object_lock",
  "the bucket has no Object Lock, or the credentials may not see it",
  "Use a bucket with Object Lock, and allow s3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration",
] as const;

function versions(client: S3Client): ObjectVersions {
  return {
    list: (prefix, options = {}) => listVersions(client, prefix, options),
    get: async (key, version, options = {}) => get(client, key, options, version),
    async delete(key, version, { signal } = {}) {
      const action = `delete version "${version}" of "${key}"`;
      await removing(client.request({ method: "DELETE", action, key, query: { versionId: version }, signal }));
    },
  };
}

/** S3 answers 204 for what is not there; others have 404. */
async function removing(request: Promise<S3Answer>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof DomainError && error.code === "object_not_found")) throw error;
  }
}

async function get(client: S3Client, key: ObjectKey, options: GetOptions, version?: VersionId): Promise<Uint8Array> {
  const { range, maxBytes, signal } = options;
  const attempt = { action: `get "${key}"`, url: client.location.url };
  // HTTP has no range of nothing.
  if (range?.length === 0) {
    const { sizeBytes } = await info(client, key, version, signal);
    if (range.offset > sizeBytes) throw tornError(attempt);
    return new Uint8Array(0);
  }
  const query = version === undefined ? {} : { versionId: version };
  const span = range === undefined ? undefined : `${range.offset}-${range.offset + range.length - 1}`;
  const headers = span === undefined ? {} : { range: `bytes=${span}` };
  const maxAnswerBytes = range?.length ?? maxBytes;
  const answer = await client.request({ method: "GET", action: attempt.action, key, query, headers, maxAnswerBytes, signal });
  if (range === undefined) return answer.body;
  if (answer.body.length < range.length) throw tornError(attempt);
  if (answer.status !== 206 || answer.headers["content-range"]?.startsWith(`bytes ${span}/`) !== true) {
    throw failure(attempt, ["corrupt", "storage_answer", "another range came than was asked for"]);
  }
  return answer.body;
}

async function info(client: S3Client, key: ObjectKey, version: VersionId | undefined, signal?: AbortSignal): Promise<ObjectInfo> {
  const action = `look at "${key}"`;
  const query = version === undefined ? {} : { versionId: version };
  const { headers } = await client.request({ method: "HEAD", action, key, query, signal });
  const sizeBytes = Number(headers["content-length"] ?? Number.NaN);
  const modifiedMs = parseHttpDate(headers["last-modified"] ?? "");
  if (!Number.isSafeInteger(sizeBytes) || modifiedMs === undefined) {
    throw failure({ action, url: client.location.url }, ["corrupt", "storage_answer", "its size or time is missing"]);
  }
  return { key, sizeBytes, modifiedMs };
}

interface BucketSetting {
  readonly query: string;
  readonly element: string;
  readonly signal: AbortSignal | undefined;
}

const MAX_SETTING_BYTES = 64 * 1024;

/** Undefined if it is not set, not known to the server, or not to be seen with these credentials: then it is not offered. */
async function bucketSetting(client: S3Client, { query, element, signal }: BucketSetting): Promise<string | undefined> {
  try {
    const request = {
      method: "GET",
      action: "open the bucket",
      query: { [query]: "" },
      maxAnswerBytes: MAX_SETTING_BYTES,
      signal,
    } as const;
    const answer = await client.request(request);
    return childText(parseXml(new TextDecoder().decode(answer.body)), element);
  } catch (error) {
    if (!UNSET.has(s3CodeOf(error))) throw error;
    return undefined;
  }
}

const UNSET: ReadonlySet<unknown> = new Set([
  "AccessDenied",
  "MethodNotAllowed",
  "NotImplemented",
  "NoSuchObjectLockConfiguration",
  "ObjectLockConfigurationNotFoundError",
]);
