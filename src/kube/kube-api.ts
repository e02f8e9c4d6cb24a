/** Requests to one API server: signed, repeated where that is safe, and either answered or a DomainError. JSON goes through untouched. */
import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Clock } from "../base/clock.ts";
import { DomainError, isRetryable } from "../base/errors.ts";
import { retry, type RetryOptions } from "../base/retry.ts";
import type { ClusterAccess, Environment } from "./access.ts";
import { Connections, type ProxySettings, type TlsOptions } from "./connections.ts";
import type { Credentials, CredentialSource } from "./credentials/credentials.ts";
import type { PluginTerminal } from "./credentials/plugin-run.ts";
import { credentialsOf } from "./credentials/user-credentials.ts";
import { answerError, type Attempt, failure, networkError, wasNotDone } from "./failures.ts";
import { type JsonValue, parseJson } from "./json.ts";
import { encodeQuery, impersonationHeaders, type KubeRequest, type Query } from "./request.ts";

export interface KubeApiOptions {
  readonly clock: Clock;
  readonly environment: Environment;
  /** `holdfast/1.2.3 (linux/x64)`: the name under which the server's logs and metrics show this client. */
  readonly userAgent: string;
  /** For exec plug-ins that ask. */
  readonly terminal?: PluginTerminal | undefined;
  /** Uniform in [0, 1). Default Math.random. */
  readonly random?: () => number;
}

/** What a WebSocket needs to be opened. */
export interface SocketAccess {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: TlsOptions;
  readonly proxies: ProxySettings;
  /** Tells that the server did not accept the credentials. Says whether there may be others now. */
  readonly refuse: () => boolean;
}

export interface KubeAnswer {
  readonly value: JsonValue;
  /** Length of the text that came. */
  readonly bytes: number;
}

const MAX_ANSWER_BYTES = 64 * 1024 ** 2;
const MAX_ERROR_BYTES = 256 * 1024;
const RETRIES = { maxAttempts: 10, maxElapsedMs: 60_000, firstDelayMs: 100, maxDelayMs: 5_000 };

export class KubeApi implements AsyncDisposable {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly random: () => number;
  readonly #userAgent: string;
  readonly #credentials: CredentialSource;
  readonly #connections: Connections;
  readonly #closed = new AbortController();

  /** Nothing is sent yet. */
  constructor(access: ClusterAccess, options: KubeApiOptions) {
    const { clock, environment, terminal } = options;
    this.access = access;
    this.clock = clock;
    this.random = options.random ?? Math.random;
    this.#userAgent = options.userAgent;
    this.#credentials = credentialsOf(access.user, { clock, environment, terminal }, this.#closed.signal);
    this.#connections = new Connections(access, environment);
  }

  /** @throws {DomainError} for every answer that is not a success: see failures.ts */
  async request(request: KubeRequest): Promise<KubeAnswer> {
    return this.repeat(request, async () => {
      const body = await this.#send(request);
      const text = await this.#read(request, body, request.maxAnswerBytes ?? MAX_ANSWER_BYTES);
      try {
        return { value: parseJson(text), bytes: text.length };
      } catch {
        // What the parser says quotes the answer, which may be a Secret.
        throw new DomainError("unavailable", "kube_unavailable", `Cannot ${request.action}: the answer is not JSON`);
      }
    });
  }

  /** The body of the answer as it comes, read only when it is asked for. @param idleTimeoutMs Longest time without a byte. */
  async *stream(request: KubeRequest, idleTimeoutMs: number): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = request;
    const body = await this.repeat(request, () => this.#send(request, { bodyTimeout: idleTimeoutMs }));
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) yield chunk;
    } catch (cause) {
      signal?.throwIfAborted();
      this.#closed.signal.throwIfAborted();
      throw networkError(this.attempt(request.action), cause);
    } finally {
      body.on("error", () => undefined).destroy();
    }
  }

  async socketAccess(path: string, query: Query, signal: AbortSignal | undefined): Promise<SocketAccess> {
    const credentials = await this.#credentials.current(signal);
    return {
      url: `${this.access.server.replace(/^http/, "ws")}${path}${encodeQuery(query)}`,
      headers: this.#headers(credentials),
      tls: this.#connections.tls(credentials.certificate),
      proxies: this.#connections.proxies,
      refuse: () => this.#credentials.refuse(credentials),
    };
  }

  /** Calls it again after faults that may pass, as often as that is safe. */
  async repeat<T>(request: Pick<KubeRequest, "isRepeatable" | "method" | "onRetry" | "signal">, operation: () => Promise<T>): Promise<T> {
    const { signal, onRetry, isRepeatable = request.method === "GET" } = request;
    const options: RetryOptions = {
      ...RETRIES,
      clock: this.clock,
      random: this.random,
      signal: this.until(signal),
      isRetryable: (error) => (isRepeatable && isRetryable(error) && !isCertificate(error)) || wasNotDone(error),
      onRetry: ({ error }) => onRetry?.(error),
    };
    return retry(operation, options);
  }

  /** Aborts as this signal does, and when the client is closed. */
  until(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]);
  }

  attempt(action: string): Attempt {
    return { action, server: this.access.server };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new DomainError("cancelled", "kube_closed", "Cancelled: the client of the cluster was closed"));
    await this.#connections[Symbol.asyncDispose]();
  }

  /** Once more at once if the server does not accept the credentials and there may be others. */
  async #send(request: KubeRequest, limits: Pick<Dispatcher.RequestOptions, "bodyTimeout"> = {}): Promise<Readable> {
    const credentials = await this.#credentials.current(request.signal);
    try {
      return await this.#sendAs(credentials, request, limits);
    } catch (error) {
      const isRefused = error instanceof DomainError && error.kind === "unauthenticated";
      if (!isRefused || !this.#credentials.refuse(credentials)) throw error;
    }
    return this.#sendAs(await this.#credentials.current(request.signal), request, limits);
  }

  async #sendAs(credentials: Credentials, request: KubeRequest, limits: Pick<Dispatcher.RequestOptions, "bodyTimeout">): Promise<Readable> {
    const { method, body, signal } = request;
    const attempt = this.attempt(request.action);
    const { origin, pathname } = new URL(this.access.server);
    let response: Dispatcher.ResponseData;
    try {
      response = await this.#connections.showing(credentials.certificate).request({
        ...limits,
        origin,
        path: `${pathname === "/" ? "" : pathname}${request.path}${encodeQuery(request.query ?? {})}`,
        method,
        headers: {
          ...this.#headers(credentials),
          accept: request.accept ?? "application/json",
          ...(body === undefined ? {} : { "content-type": body.type }),
        },
        body: body === undefined ? null : JSON.stringify(body.value),
        signal: signal ?? null,
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw networkError(attempt, cause);
    }
    const { statusCode: status, headers } = response;
    if (status >= 200 && status <= 299) return response.body;
    // Of an error the number is enough.
    const text = await this.#read(request, response.body, MAX_ERROR_BYTES).catch(() => "");
    signal?.throwIfAborted();
    throw answerError(attempt, { status, retryAfter: String(headers["retry-after"]), body: text });
  }

  async #read({ action, signal }: KubeRequest, body: Readable, maxBytes: number): Promise<string> {
    const attempt = this.attempt(action);
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > maxBytes) throw failure(attempt, ["corrupt", "kube_too_long", `the answer has more than ${maxBytes} bytes`]);
        chunks.push(chunk);
      }
    } catch (cause) {
      body.on("error", () => undefined).destroy();
      signal?.throwIfAborted();
      if (cause instanceof DomainError) throw cause;
      throw networkError(attempt, cause);
    }
    return Buffer.concat(chunks, length).toString("utf8");
  }

  #headers(credentials: Credentials): Record<string, string | string[]> {
    const { authorization } = credentials;
    const as = this.access.impersonation;
    return {
      "user-agent": this.#userAgent,
      ...(authorization === undefined ? {} : { authorization }),
      ...(as === undefined ? {} : impersonationHeaders(as)),
    };
  }
}

/** Waiting does not make a certificate trusted. */
function isCertificate(error: unknown): boolean {
  return error instanceof DomainError && error.code === "kube_certificate";
}
