/** A connection to a port of a pod, through the API server. */
import { Duplex } from "node:stream";
import type { DomainError } from "../../base/errors.ts";
import { failure, wordsOf } from "../failures.ts";
import type { KubeApi } from "../kube-api.ts";
import { pathOf } from "../resource-type.ts";
import { ChannelSocket } from "./channel-socket.ts";

export interface PortTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** One connection in a WebSocket. `portforward.k8s.io` has several, but is SPDY, which few clients speak any more. */
const V4 = "v4.channel.k8s.io";
const DATA = 0;
const ERROR = 1;
/** Each channel begins with the port. */
const PORT_BYTES = 2;
const PODS = { group: "", version: "v1", plural: "pods" } as const;

/**
 * The other side does not learn that nothing more is going to be written: the protocol has no word for it. Destroying the stream, or
 * the end of what comes from there, ends the connection.
 */
export async function forwardPort(api: KubeApi, target: PortTarget, signal?: AbortSignal): Promise<Duplex> {
  const { namespace, pod, port } = target;
  const action = `connect to port ${port} of pod "${pod}" in namespace "${namespace}"`;
  const path = pathOf(PODS, { namespace, name: pod, subresource: "portforward" });
  const withoutProtocol = `the server does not speak ${V4}`;
  const socket = await ChannelSocket.open(api, { action, path, query: { ports: port }, protocols: [V4], withoutProtocol, signal });
  return new PortStream(socket, (words) => failure(api.attempt(action), ["unavailable", "kube_port", words]));
}

/** Reads and writes only as fast as both sides take it. */
class PortStream extends Duplex {
  readonly #socket: ChannelSocket;
  readonly #contents: AsyncGenerator<Uint8Array, void, undefined>;

  constructor(socket: ChannelSocket, refused: (words: string) => DomainError) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#contents = contents(socket, refused);
  }

  override _read(): void {
    void this.#pull();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    void this.#send(bytes, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket[Symbol.dispose]();
    done(error);
  }

  async #pull(): Promise<void> {
    try {
      const next = await this.#contents.next();
      this.push(next.done === true ? null : next.value);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  async #send(bytes: Buffer, done: (error?: Error) => void): Promise<void> {
    try {
      await this.#socket.send(DATA, bytes);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  }
}

/** What the pod sends, without the port that each channel begins with, however that is cut. */
async function* contents(socket: ChannelSocket, refused: (words: string) => DomainError): AsyncGenerator<Uint8Array, void, undefined> {
  const seen = new Map<number, number>();
  for await (const { channel, bytes } of socket.messages()) {
    const before = seen.get(channel) ?? 0;
    seen.set(channel, before + bytes.length);
    const content = bytes.subarray(Math.max(0, PORT_BYTES - before));
    if (content.length === 0) continue;
    if (channel === ERROR) throw refused(wordsOf(Buffer.from(content).toString("utf8")));
    if (channel === DATA) yield content;
  }
}
