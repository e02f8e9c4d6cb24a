/** A server between a client and an S3 server that fails as networks and servers do, by a seed: it answers 500 and 503, cuts answers, loses them, and hangs. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { seededRandom } from "./random-faults.ts";

/** Of all requests. */
const FAULT_SHARE = 0.15;
/** `lost` and `silent`: it was done, and the answer says otherwise, or never comes. */
const FAULTS = ["500", "503", "cut", "lost", "reset", "hangs", "silent"] as const;

export interface FaultyProxy extends AsyncDisposable {
  readonly endpoint: string;
  readonly faults: () => number;
}

export async function startFaultyProxy(endpoint: string, seed: number): Promise<FaultyProxy> {
  const random = seededRandom(seed);
  let faults = 0;
  const server = createServer((incoming, outgoing) => {
    const fault = random() < FAULT_SHARE ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined;
    if (fault !== undefined) faults++;
    serve(endpoint, fault, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults: () => faults,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function serve(
  endpoint: string,
  fault: (typeof FAULTS)[number] | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await buffer(incoming);
  if (fault === "reset") {
    outgoing.destroy();
    return;
  }
  if (fault === "hangs") return;
  if (fault === "500" || fault === "503") {
    outgoing.writeHead(Number(fault)).end("<Error><Code>InternalError</Code></Error>");
    return;
  }
  const passed = request(endpoint + (incoming.url ?? ""), { method: incoming.method, headers: incoming.headers });
  passed.end(body);
  const [answer] = (await once(passed, "response")) as [IncomingMessage];
  const content = await buffer(answer);
  if (fault === "silent") return;
  if (fault === "lost") {
    outgoing.writeHead(500).end();
    return;
  }
  outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
  if (fault === "cut" && content.length > 1) outgoing.write(content.subarray(0, content.length / 2), () => outgoing.destroy());
  else outgoing.end(content);
}
