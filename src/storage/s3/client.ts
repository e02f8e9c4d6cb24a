/** One signed request to a bucket and its whole answer. Nothing is retried here. */
import { hash } from "node:crypto";
import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { concatBytes } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { CredentialSource } from "./credentials.ts";
import { answerError, type Attempt, cutShortError, failure, isTimeout, networkError } from "./failures.ts";
import { encodePath, encodeQuery, signedHeaders } from "./signature.ts";
import type { S3Location } from "./url.ts";

export interface S3Request {
  readonly method: "DELETE" | "GET" | "HEAD" | "PUT";
  /** For messages: `put "config"`. */
  readonly action: string;
  /** Below the prefix of the location; the bucket itself without one. */
  readonly key?: string | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | undefined;
  /** Of the body, if it is known. */
  readonly sha256?: Uint8Array | undefined;
  /** A longer answer is refused, and not read on. */
  readonly maxAnswerBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface S3Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** What went over the wire since the store was opened. Headers are not counted. */
export interface S3Traffic {
  readonly requests: Readonly<Record<S3Request["method"], number>>;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export interface S3ClientOptions {
  readonly location: S3Location;
  readonly connections: Dispatcher;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
}

/** The largest object that a single put can make. */
const MAX_OBJECT_BYTES = 5 * 1024 ** 3;
const MAX_ERROR_BYTES = 64 * 1024;
/** A body is sent in slices, so that the idle timeout is one of progress and not of the whole upload. */
const SLICE_BYTES = 256 * 1024;

export class S3Client implements AsyncDisposable {
  readonly location: S3Location;
  readonly traffic: S3Traffic;
  readonly #traffic = { requests: { DELETE: 0, GET: 0, HEAD: 0, PUT: 0 }, bytesSent: 0, bytesReceived: 0 };
  readonly #options: S3ClientOptions;
  readonly #origin: string;
  readonly #host: string;
  readonly #bucketPath: string;

  constructor(options: S3ClientOptions) {
    const { location } = options;
    const endpoint = new URL(location.endpoint);
    this.#options = options;
    this.#host = location.pathStyle ? endpoint.host : `${location.bucket}.${endpoint.host}`;
    this.#origin = `${endpoint.protocol}//${this.#host}`;
    this.#bucketPath = location.pathStyle ? `/${location.bucket}` : "";
    this.location = location;
    this.traffic = this.#traffic;
  }

  /** @throws {DomainError} as the contract of the store has it, for every answer that is not a success */
  async request(request: S3Request): Promise<S3Answer> {
    const { signal, method, body } = request;
    const attempt: Attempt = { action: request.action, url: this.location.url };
    signal?.throwIfAborted();
    const options = await this.#sign(request);
    this.#traffic.requests[method]++;
    let response: Dispatcher.ResponseData;
    try {
      response = await this.#options.connections.request({ ...options, body: slices(body), signal: signal ?? null });
    } catch (cause) {
      signal?.throwIfAborted();
      throw networkError(attempt, cause);
    } finally {
      this.#traffic.bytesSent += body?.length ?? 0;
    }
    const { statusCode: status } = response;
    const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
    const isError = status < 200 || status > 299;
    const promised = method === "HEAD" || headers["content-length"] === undefined ? undefined : Number(headers["content-length"]);
    const limit = isError ? MAX_ERROR_BYTES : (request.maxAnswerBytes ?? MAX_OBJECT_BYTES);
    const bytes = await this.#read(response.body, { attempt, promised, limit, isError, signal });
    if (isError) throw answerError(attempt, { status, headers, body: bytes, nowMs: this.#options.clock.now() });
    return { status, headers, body: bytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.connections.destroy();
  }

  async #sign(
    request: S3Request,
  ): Promise<Pick<Dispatcher.RequestOptions, "origin" | "path" | "method"> & { headers: Record<string, string> }> {
    const { location, credentials, clock } = this.#options;
    const { method, key, body, sha256 } = request;
    const path = encodePath(key === undefined ? `${this.#bucketPath}/` : `${this.#bucketPath}/${location.prefix}${key}`);
    const query = encodeQuery(request.query ?? {});
    const length = method === "PUT" ? { "content-length": String(body?.length ?? 0) } : {};
    const payloadHash = sha256?.toHex() ?? hash("sha256", body ?? "");
    const unsigned = { method, path, query, headers: { ...request.headers, ...length, host: this.#host }, payloadHash };
    const headers = signedHeaders(unsigned, await credentials(request.signal), { region: location.region, nowMs: clock.now() });
    return { origin: this.#origin, path: query === "" ? path : `${path}?${query}`, method, headers };
  }

  async #read(body: Readable, answer: AnswerBody): Promise<Uint8Array> {
    const { attempt, promised, limit, signal } = answer;
    const chunks: Uint8Array[] = [];
    let length = 0;
    const tooLong = failure(attempt, ["corrupt", "storage_too_long", `the answer has more than ${limit} bytes`]);
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        length += chunk.length;
        this.#traffic.bytesReceived += chunk.length;
        if (length > limit) throw tooLong;
        chunks.push(chunk);
      }
    } catch (cause) {
      body.on("error", () => undefined).destroy();
      signal?.throwIfAborted();
      // Of an error the status is enough.
      if (answer.isError) return concatBytes(chunks);
      if (cause === tooLong) throw cause;
      throw isTimeout(cause) ? networkError(attempt, cause) : cutShortError(attempt, cause);
    }
    if (!answer.isError && promised !== undefined && length !== promised) throw cutShortError(attempt);
    return concatBytes(chunks);
  }
}

interface AnswerBody {
  readonly attempt: Attempt;
  /** Content-Length. */
  readonly promised: number | undefined;
  readonly limit: number;
  readonly isError: boolean;
  readonly signal: AbortSignal | undefined;
}

function slices(body: Uint8Array | undefined): Uint8Array | Readable | null {
  if (body === undefined || body.length <= SLICE_BYTES) return body ?? null;
  const starts = Array.from({ length: Math.ceil(body.length / SLICE_BYTES) }, (_, index) => index * SLICE_BYTES);
  return Readable.from(starts.map((at) => body.subarray(at, at + SLICE_BYTES)));
}
