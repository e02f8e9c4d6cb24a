/** A store by its URL. */
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import { FileStore } from "./file.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Environment } from "./s3/credentials.ts";

export interface OpenStoreOptions {
  readonly clock: Clock;
  /** For what the URL leaves open, credentials and proxies. */
  readonly environment: Environment;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens `/path`, `file:///path` or `s3://bucket/prefix?endpoint=…&region=…&pathStyle=true`. Nothing is retried by it.
 *
 * @throws {DomainError} usage/storage_url, and what a bucket answers to the first request
 */
export async function openStore(url: string, options: OpenStoreOptions): Promise<ObjectStore> {
  if (isAbsolute(url)) return new FileStore(url, options.clock);
  const { protocol } = URL.parse(url) ?? {};
  switch (protocol) {
    case "file:":
      return new FileStore(filePath(url), options.clock);
    case "s3:": {
      // HTTP takes time to load, and a local folder has no need of it.
      const [{ openS3Store }, { parseS3Url }] = await Promise.all([import("./s3/store.ts"), import("./s3/url.ts")]);
      return openS3Store(parseS3Url(url, options.environment), options);
    }
    default:
      // Without a "/" it may be anything, a secret included, but a scheme tells what was meant.
      throw refused(protocol === undefined ? "neither an absolute path nor a URL" : `scheme "${protocol}" is not known`);
  }
}

function filePath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw refused("a file URL is to name an absolute path on this machine, as in file:///path", cause);
  }
}

function refused(state: string, cause?: unknown): DomainError {
  return new DomainError("usage", "storage_url", `Cannot use the URL of a storage: ${state}`, {
    cause,
    hint: "Write it as /path, file:///path or s3://bucket/prefix?endpoint=https://host&region=name",
  });
}
