/** Opens a WebSocket to the API server: through the proxy and with the credentials of any other request, and what it answers instead is told as of any other. */
import { Agent as HttpAgent, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { WebSocket } from "ws";
import { orAbort } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import { answerError, type Attempt, failure, networkError } from "../failures.ts";
import type { KubeApi, SocketAccess } from "../kube-api.ts";
import type { Query } from "../request.ts";

export interface SocketRequest {
  /** For messages. */
  readonly action: string;
  readonly path: string;
  readonly query: Query;
  /** The best first. */
  readonly protocols: readonly string[];
  /** What it means if the server speaks none of them. */
  readonly withoutProtocol: string;
  readonly signal: AbortSignal;
}

const HANDSHAKE_TIMEOUT_MS = 60_000;
const MAX_MESSAGE_BYTES = 16 * 1024 ** 2;
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * Whatever it begins may not begin twice: only what the server has certainly not done is repeated.
 *
 * @returns open and paused, so that nothing comes before anybody listens
 */
export async function openSocket(api: KubeApi, request: SocketRequest): Promise<WebSocket> {
  return api.repeat({ method: "POST", signal: request.signal }, async () => {
    const access = await api.socketAccess(request.path, request.query, request.signal);
    try {
      return await connect(api, request, access);
    } catch (error) {
      const isRefused = error instanceof DomainError && error.kind === "unauthenticated";
      if (!isRefused || !access.refuse()) throw error;
    }
    return connect(api, request, await api.socketAccess(request.path, request.query, request.signal));
  });
}

async function connect(api: KubeApi, request: SocketRequest, access: SocketAccess): Promise<WebSocket> {
  const socket = new WebSocket(access.url, [...request.protocols], {
    ...access.tls,
    ...proxyAgent(access),
    headers: access.headers,
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  // A socket that is given up has one more to tell, which nobody waits for.
  socket.on("error", () => undefined);
  try {
    await orAbort(untilOpen(socket, request, api.attempt(request.action)), request.signal);
  } catch (error) {
    socket.terminate();
    throw error;
  }
  return socket;
}

async function untilOpen(socket: WebSocket, request: SocketRequest, attempt: Attempt): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const noProtocol = failure(attempt, ["unsupported", "kube_protocol", request.withoutProtocol]);
  socket.once("open", () => {
    socket.pause();
    resolve();
  });
  socket.once("error", (error) => reject(networkError(attempt, error)));
  socket.once("upgrade", ({ headers }) => {
    if (!request.protocols.includes(headers["sec-websocket-protocol"] ?? "")) reject(noProtocol);
  });
  socket.once("unexpected-response", (_request, response: IncomingMessage) => {
    const { statusCode: status = 0, headers } = response;
    readStart(response).then(
      // An API server forbids with a Status, and turns a protocol down with a bare number.
      (body) =>
        reject(status === 403 && body === "" ? noProtocol : answerError(attempt, { status, retryAfter: headers["retry-after"], body })),
      (error: unknown) => reject(networkError(attempt, error)),
    );
  });
  await promise;
}

async function readStart(response: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_ERROR_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Node makes the tunnel by the same variables as it would from the environment of the process. */
function proxyAgent({ url, tls, proxies }: SocketAccess): { readonly agent?: HttpAgent } {
  if (proxies.httpProxy === "" && proxies.httpsProxy === "") return {};
  const proxyEnv = { HTTP_PROXY: proxies.httpProxy, HTTPS_PROXY: proxies.httpsProxy, NO_PROXY: proxies.noProxy };
  return { agent: url.startsWith("wss:") ? new HttpsAgent({ proxyEnv, ...tls }) : new HttpAgent({ proxyEnv }) };
}
