/** A server that answers requests as a test tells it to, for what a real API server does not do on demand, and a client of it that never really waits. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { TestContext } from "node:test";
import type { ClusterAccess } from "../../src/kube/access.ts";
import { KubeApi } from "../../src/kube/kube-api.ts";

export interface SeenRequest {
  readonly line: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Gives an answer, or leaves it at that. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void;

export interface ScriptedApi {
  readonly api: KubeApi;
  readonly requests: readonly SeenRequest[];
  /** How long the client wanted to wait, in milliseconds. */
  readonly waits: readonly number[];
}

/** A user with nothing to prove himself with. */
export const ANYONE: Omit<ClusterAccess, "server"> = {
  origin: "the test",
  trust: { ca: undefined, serverName: undefined, isInsecure: false },
  proxy: undefined,
  user: {},
  impersonation: undefined,
  clusterName: "scripted",
  namespace: "default",
};

/** One answer a request; the last one for all that follow. */
export async function scriptedApi(
  test: TestContext,
  answers: readonly [Answer, ...Answer[]],
  change: Partial<ClusterAccess> = {},
): Promise<ScriptedApi> {
  const [requests, waits]: [SeenRequest[], number[]] = [[], []];
  const server = createServer((incoming, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    const seen = {
      line: `${incoming.method} ${incoming.url}`,
      url: new URL(incoming.url ?? "", "http://server"),
      headers: incoming.headers,
    };
    const at = requests.push({ ...seen, body: "" }) - 1;
    buffer(incoming).then(
      (body) => answer?.(response, (requests[at] = { ...seen, body: body.toString() })),
      () => undefined,
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const access = { ...ANYONE, server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...change };
  let elapsedMs = 0;
  const clock = {
    now: () => elapsedMs,
    monotonicMs: () => elapsedMs,
    sleep: async (ms: number, signal?: AbortSignal) => {
      signal?.throwIfAborted();
      waits.push(ms);
      elapsedMs += ms;
    },
  };
  const api = new KubeApi(access, { clock, environment: {}, userAgent: "holdfast-test", random: () => 0.5 });
  test.after(async () => {
    await api[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });
  return { api, requests, waits };
}

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

export function failed(status: number, reason: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return json({ kind: "Status", status: "Failure", reason, message: "words" }, status, headers);
}

/** Takes the request, and never answers. */
export const lost: Answer = (response) => response.destroy();

/** Promises more than it sends. */
export const cut: Answer = (response) => response.writeHead(200, { "content-length": "100" }).write("{", () => response.destroy());
