/**
 * Several byte streams in one WebSocket: each message begins with the number of its channel. What comes is read only when it is
 * asked for, and a write is done when the connection has taken it.
 *
 * Source: Kubernetes, wsstream; KEP-4006, "Transition from SPDY to WebSockets".
 */
import type { Duplex } from "node:stream";
import { createWebSocketStream, type WebSocket } from "ws";
import { concatBytes } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { DomainError } from "../../base/errors.ts";
import { type Attempt, failure, networkError } from "../failures.ts";
import type { KubeApi } from "../kube-api.ts";
import { openSocket, type SocketRequest } from "./open-socket.ts";

export type ChannelRequest = Omit<SocketRequest, "signal"> & { readonly signal?: AbortSignal | undefined };

export interface ChannelMessage {
  readonly channel: number;
  readonly bytes: Uint8Array;
}

/** So that nothing between here and there takes a quiet connection for a dead one. */
const PING_MS = 30_000;
/** So many pings without a sign of life, and the connection is dead. */
const MAX_UNANSWERED = 3;
/** The server takes a message whole before it passes it on. */
const MAX_SENT_BYTES = 64 * 1024;
/** Messages that wait to be asked for. */
const WAITING_MESSAGES = 4;
/** Number of the channel that ends others, in v5.channel.k8s.io. */
const CLOSE_CHANNEL = 255;
/** RFC 6455, 7.4.1: closed without a word. */
const ABNORMAL_CLOSURE = 1006;

export class ChannelSocket implements Disposable {
  readonly #attempt: Attempt;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #signal: AbortSignal;
  #sentMessages = 0;
  #closeCode: number | undefined;

  private constructor(socket: WebSocket, attempt: Attempt, signal: AbortSignal) {
    this.#attempt = attempt;
    this.#socket = socket;
    this.#signal = signal;
    this.#stream = createWebSocketStream(socket, { readableObjectMode: true, readableHighWaterMark: WAITING_MESSAGES });
    // Whoever reads or writes gets it, too.
    this.#stream.on("error", () => undefined);
  }

  static async open(api: KubeApi, request: ChannelRequest): Promise<ChannelSocket> {
    const signal = api.until(request.signal);
    const opened = new ChannelSocket(await openSocket(api, { ...request, signal }), api.attempt(request.action), signal);
    opened.#keep(api.clock);
    return opened;
  }

  /** What comes, until the other side closes the connection. @throws {DomainError} unavailable: it breaks, or nobody is there any more */
  async *messages(): AsyncGenerator<ChannelMessage, void, undefined> {
    try {
      for await (const message of this.#stream as AsyncIterable<Buffer>) {
        if (message.length > 0) yield { channel: message[0] ?? 0, bytes: message.subarray(1) };
      }
    } catch (cause) {
      throw this.#lost(cause);
    }
    this.#signal.throwIfAborted();
    if (this.#closeCode === ABNORMAL_CLOSURE) throw this.#failure("broke");
  }

  /** Waits until the connection has taken it. */
  async send(channel: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += MAX_SENT_BYTES) {
      await this.#write(concatBytes([Uint8Array.of(channel), bytes.subarray(at, at + MAX_SENT_BYTES)]));
    }
  }

  /** Of v5.channel.k8s.io: nothing more will be sent on that channel. */
  async endChannel(channel: number): Promise<void> {
    await this.#write(Uint8Array.of(CLOSE_CHANNEL, channel));
  }

  /** Cuts the connection, if the other side has not closed it. */
  [Symbol.dispose](): void {
    this.#stream.destroy();
  }

  async #write(message: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#sentMessages++;
    this.#stream.write(message, (error) => (error instanceof Error ? reject(error) : resolve()));
    try {
      await promise;
    } catch (cause) {
      throw this.#lost(cause);
    }
  }

  #lost(cause: unknown): DomainError {
    this.#signal.throwIfAborted();
    return cause instanceof DomainError ? cause : networkError(this.#attempt, cause);
  }

  #failure(state: string): DomainError {
    return failure(this.#attempt, ["unavailable", "kube_unavailable", `the connection to "${this.#attempt.server}" ${state}`]);
  }

  /** Only as long as it is wanted, and only as long as somebody is there. */
  #keep(clock: Clock): void {
    const closed = new AbortController();
    const onAbort = (): unknown => this.#stream.destroy();
    this.#signal.addEventListener("abort", onAbort, { once: true });
    this.#socket.once("close", (code) => {
      this.#closeCode = code;
      closed.abort();
      this.#signal.removeEventListener("abort", onAbort);
    });
    this.#ping(clock, closed.signal).catch(() => undefined);
  }

  /**
   * A server that cannot pass on what it has got reads no ping either, and of a connection that is not read no answer is seen: silence
   * counts only if neither can be.
   */
  async #ping(clock: Clock, closed: AbortSignal): Promise<void> {
    let [unanswered, taken] = [0, 0];
    this.#socket.on("message", () => {
      unanswered = 0;
    });
    this.#socket.on("pong", (sentBefore) => {
      [unanswered, taken] = [0, Number(sentBefore)];
    });
    while (true) {
      await clock.sleep(PING_MS, closed);
      if (this.#socket.isPaused || this.#sentMessages !== taken) unanswered = 0;
      if (unanswered++ === MAX_UNANSWERED) this.#stream.destroy(this.#failure("is dead: nothing comes from there any more"));
      else this.#socket.ping(String(this.#sentMessages));
    }
  }
}
