/** A way to a server that can be stopped: what is under way hangs, and so does whoever comes meanwhile. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface StoppingProxy extends AsyncDisposable {
  readonly port: number;
  /** To the server, so far. */
  readonly sentBytes: () => number;
  readonly stop: () => void;
  /** What hung is cut off; who tries again gets through. */
  readonly goOn: () => void;
}

export async function startStoppingProxy(
  address: string,
  target: { readonly host: string; readonly port: number },
): Promise<StoppingProxy> {
  const open = new Set<Socket>();
  let isStopped = false;
  let sent = 0;
  const own = (socket: Socket): void => {
    open.add(socket);
    socket.on("close", () => open.delete(socket)).on("error", () => socket.destroy());
  };
  const server = createServer((client) => {
    own(client);
    if (isStopped) return;
    const upstream = connect(target.port, target.host);
    own(upstream);
    client.on("data", (bytes) => (sent += bytes.length)).pipe(upstream);
    upstream.pipe(client);
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  server.listen(0, address);
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    sentBytes: () => sent,
    stop: () => {
      isStopped = true;
      for (const socket of open) socket.unpipe().pause();
    },
    goOn: () => {
      isStopped = false;
      cut();
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
