import { DomainError } from "../../src/base/errors.ts";
import { type S3Credentials, signedFetch } from "./signed-fetch.ts";

export interface BucketOptions {
  /** Turns on Object Lock, and with it versioning; no default retention is set. */
  readonly objectLock?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates a bucket.
 *
 * @throws {DomainError} conflict/bucket_exists: there is one of that name.
 * @throws {DomainError} internal/bucket_refused: the server said no, for example to the name.
 */
export async function createBucket(server: S3Credentials, name: string, options: BucketOptions = {}): Promise<void> {
  const headers = { "x-amz-bucket-object-lock-enabled": String(options.objectLock ?? false) };
  const response = await signedFetch(server, { method: "PUT", path: `/${name}`, headers, signal: options.signal });
  const answer = await response.text();
  if (response.ok) return;
  if (response.status === 409) {
    throw new DomainError("conflict", "bucket_exists", `Cannot create bucket "${name}": there is one of that name on ${server.endpoint}`);
  }
  throw new DomainError("internal", "bucket_refused", `Cannot create bucket "${name}": ${server.endpoint} answered ${response.status}`, {
    details: { answer },
  });
}
