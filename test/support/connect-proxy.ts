/** A proxy that makes tunnels, as clients of HTTPS use it. */
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { TestContext } from "node:test";

export interface ConnectProxy {
  readonly url: string;
  /** Host and port of each tunnel that was asked for, with what the client proved itself with. */
  readonly tunnels: readonly string[];
}

export async function startConnectProxy(test: TestContext): Promise<ConnectProxy> {
  const tunnels: string[] = [];
  const server = createServer().on("connect", (request, socket, head: Buffer) => {
    const { url = "", headers } = request;
    tunnels.push(`${url} ${headers["proxy-authorization"] ?? ""}`.trimEnd());
    const target = connect(Number(url.split(":")[1]), url.split(":")[0], () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      target.write(head);
      socket.pipe(target).pipe(socket);
    });
    const end = (): void => {
      socket.destroy();
      target.destroy();
    };
    socket.on("error", end).on("close", end);
    target.on("error", end).on("close", end);
    test.after(end);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels };
}
