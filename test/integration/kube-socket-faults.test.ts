import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { KubeApi } from "../../src/kube/kube-api.ts";
import { exec } from "../../src/kube/streams/exec.ts";
import { forwardPort } from "../../src/kube/streams/port-forward.ts";
import { ANYONE, failed, scriptedApi } from "../support/scripted-api.ts";

const V4 = "v4.channel.k8s.io";
const V5 = "v5.channel.k8s.io";
const MIB = 1024 ** 2;
const target = { namespace: "n", pod: "a" };
const command = ["cmd", "a b"];

interface SocketServer {
  readonly url: string;
  readonly requests: readonly IncomingMessage[];
}

interface Service {
  /** Answers pings. @default true */
  readonly autoPong?: boolean;
  readonly serve: (socket: WebSocket) => void;
}

/** A server that speaks one protocol, and does with each connection what a test says. */
async function socketServer(t: TestContext, protocol: string, { autoPong = true, serve }: Service): Promise<SocketServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer();
  const sockets = new WebSocketServer({ server, autoPong, handleProtocols: (offered) => (offered.has(protocol) ? protocol : false) });
  sockets.on("connection", (socket, request) => {
    requests.push(request);
    socket.on("error", () => undefined);
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function client(t: TestContext, server: string, clock: Clock = systemClock): KubeApi {
  const api = new KubeApi({ ...ANYONE, server }, { clock, environment: {}, userAgent: "holdfast-test" });
  t.after(() => api[Symbol.asyncDispose]());
  return api;
}

/** A clock on which every wait ends with the next turn of the event loop. */
const hurriedClock: Clock = {
  ...systemClock,
  sleep: async (_ms, signal) => {
    await new Promise(setImmediate);
    signal?.throwIfAborted();
  },
};

/** The number once it has stopped to change: the kernel's buffers are full. */
async function settled(read: () => number): Promise<number> {
  let [before, now] = [0, 0];
  while (now === 0 || now !== before) {
    await systemClock.sleep(100);
    [before, now] = [now, read()];
  }
  return now;
}

function message(channel: number, content: string | Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([channel]), Buffer.from(content)]);
}

function ends(socket: WebSocket, status: object): void {
  socket.send(message(3, JSON.stringify(status)));
  socket.close();
}

test("exec() asks for what it uses, and works with v4 as long as it has no input to end", async (t) => {
  const { url, requests } = await socketServer(t, V4, {
    serve: (socket) => {
      socket.send(message(1, "out"));
      ends(socket, { status: "Success" });
    },
  });
  const shown: string[] = [];
  const api = client(t, url);
  assert.equal(await exec(api, target, { command, stdout: (bytes) => void shown.push(Buffer.from(bytes).toString()) }), 0);
  assert.deepEqual(shown, ["out"]);
  const asked = "/api/v1/namespaces/n/pods/a/exec?command=cmd&command=a%20b&stdin=false&stdout=true&stderr=false";
  assert.equal(requests[0]?.url, asked);
  await assert.rejects(exec(api, target, { command, stdin: new PassThrough() }), {
    kind: "unsupported",
    code: "kube_protocol",
    message:
      'Cannot run "cmd" in pod "a" in namespace "n": the server does not speak v5.channel.k8s.io, without which the input of a command has no end',
  });
});

test("exec() ends its input on its own channel, after all of it", async (t) => {
  const seen: string[] = [];
  const { url } = await socketServer(t, V5, {
    serve: (socket) => {
      socket.on("message", (data: Buffer) => {
        seen.push(data.toString("hex"));
        const details = { causes: [{ reason: "ExitCode", message: "4" }] };
        if (data[0] === 255) ends(socket, { status: "Failure", reason: "NonZeroExitCode", details });
      });
    },
  });
  const stdin = new PassThrough();
  stdin.end("ab");
  assert.equal(await exec(client(t, url), target, { command, stdin }), 4);
  assert.deepEqual(seen, ["006162", "ff00"]);
});

const faults: readonly (readonly [what: string, serve: (socket: WebSocket) => void, error: object])[] = [
  [
    "closes without a status",
    (socket) => socket.close(),
    { kind: "unavailable", message: /: the connection ended before the command did$/ },
  ],
  ["is cut off", (socket) => socket.terminate(), { kind: "unavailable", message: /: the connection to "http:.*" broke$/ }],
  [
    "sends a status that is none",
    (socket) => {
      socket.send(message(3, "{"));
      socket.close();
    },
    { kind: "unavailable", message: /: the connection ended before the command did$/ },
  ],
  [
    "fails without an exit code",
    (socket) => ends(socket, { status: "Failure", message: "no shell" }),
    { kind: "unsupported", code: "kube_exec", message: /: the container cannot: no shell$/ },
  ],
  [
    "sends too much at once",
    (socket) => socket.send(Buffer.alloc(17 * MIB)),
    { kind: "unavailable", message: /WS_ERR_UNSUPPORTED_MESSAGE_LENGTH/ },
  ],
];
for (const [what, serve, error] of faults) {
  test(`exec() says so when the server ${what}`, async (t) => {
    const { url } = await socketServer(t, V5, { serve });
    await assert.rejects(exec(client(t, url), target, { command, stdout: () => undefined }), error);
  });
}

test("exec() takes a flood only as fast as its sink does", async (t) => {
  const flood = Buffer.alloc(64 * 1024, 1);
  const sockets: WebSocket[] = [];
  const { url } = await socketServer(t, V5, {
    serve: (socket) => {
      sockets.push(socket);
      for (let index = 0; index < 640; index++) socket.send(flood);
      ends(socket, { status: "Success" });
    },
  });
  const isFull = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  let length = 0;
  const stdout = async (bytes: Uint8Array): Promise<void> => {
    length += bytes.length;
    isFull.resolve();
    await goesOn.promise;
  };
  const running = exec(client(t, url), target, { command, stdout });
  await isFull.promise;
  const now = await settled(() => sockets[0]?.bufferedAmount ?? 0);
  assert.ok(now > 20 * MIB, `${now} of ${40 * MIB} bytes wait at the server`);
  goesOn.resolve();
  assert.equal(await running, 0);
  assert.equal(length, 640 * (flood.length - 1));
});

test("exec() reads its input only as fast as the server takes it", async (t) => {
  const { url } = await socketServer(t, V5, { serve: (socket) => socket.pause() });
  let taken = 0;
  const stdin = Readable.from(
    (function* () {
      for (; taken < 1_000; taken++) yield Buffer.alloc(MIB);
    })(),
    { highWaterMark: 1 },
  );
  const abort = new AbortController();
  const running = assert.rejects(exec(client(t, url), target, { command, stdin, signal: abort.signal }), /mine/);
  await settled(() => taken);
  assert.ok(taken < 50, `${taken} MiB were read`);
  abort.abort(new Error("mine"));
  await running;
});

test("exec() stops at once when its signal aborts, and when the client is closed", async (t) => {
  const { url } = await socketServer(t, V5, { serve: () => undefined });
  const api = client(t, url);
  const abort = new AbortController();
  const mine = assert.rejects(exec(api, target, { command, signal: abort.signal }), /mine/);
  await new Promise(setImmediate);
  abort.abort(new Error("mine"));
  await mine;
  const other = assert.rejects(exec(api, target, { command }), { code: "kube_closed" });
  await api[Symbol.asyncDispose]();
  await other;
});

test("a quiet connection is kept as long as the server answers pings, and given up when it does not", async (t) => {
  let pings = 0;
  const alive = await socketServer(t, V5, {
    serve: (socket) =>
      socket.on("ping", () => {
        if (++pings === 20) ends(socket, { status: "Success" });
      }),
  });
  assert.equal(await exec(client(t, alive.url, hurriedClock), target, { command }), 0);
  const dead = await socketServer(t, V5, { autoPong: false, serve: () => undefined });
  await assert.rejects(exec(client(t, dead.url, hurriedClock), target, { command }), {
    kind: "unavailable",
    message: /: the connection to "http:.*" is dead: nothing comes from there any more$/,
  });
});

test("a connection is not taken for dead while the server has input that it cannot pass on", async (t) => {
  let pings = 0;
  const { url } = await socketServer(t, V5, {
    autoPong: false,
    serve: (socket) =>
      socket.on("ping", () => {
        if (++pings === 20) ends(socket, { status: "Success" });
      }),
  });
  const stdin = new PassThrough();
  stdin.write("waits");
  assert.equal(await exec(client(t, url, hurriedClock), target, { command, stdin }), 0);
});

test("what the server answers instead of opening is told like any other answer, and repeated like one", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-token-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "token"), "t");
  const throttled = failed(429, "TooManyRequests", { "retry-after": "2" });
  const server = await scriptedApi(t, [throttled, failed(401, "Unauthorized"), failed(404, "NotFound")], {
    user: { tokenFile: join(folder, "token") },
  });
  await assert.rejects(exec(server.api, target, { command }), { kind: "unsupported", code: "kube_not_served" });
  assert.deepEqual([server.waits.includes(2_000), server.requests.length], [true, 3]);
  const refusing = await scriptedApi(t, [failed(403, "Forbidden"), failed(500, "InternalError")]);
  await assert.rejects(exec(refusing.api, target, { command }), { kind: "forbidden", code: "kube_forbidden" });
  await assert.rejects(exec(refusing.api, target, { command }), { kind: "unavailable" });
  assert.equal(refusing.requests.length, 2);
});

test("a 403 without a word turns the protocol down, as older servers do", async (t) => {
  const { api } = await scriptedApi(t, [(response) => response.writeHead(403).end()]);
  await assert.rejects(exec(api, target, { command, stdin: new PassThrough() }), { kind: "unsupported", code: "kube_protocol" });
});

test("forwardPort() leaves out the port that each channel begins with, however it is cut", async (t) => {
  const { url, requests } = await socketServer(t, V4, {
    serve: (socket) => {
      for (const text of ["\x90", "\x1fab", "c"]) socket.send(message(0, Buffer.from(text, "latin1")));
      socket.send(Buffer.from([1, 0x90, 0x1f]));
      socket.on("message", (data: Buffer) => {
        socket.send(data);
        socket.close();
      });
    },
  });
  const stream = await forwardPort(client(t, url), { ...target, port: 8080 });
  stream.end("!");
  assert.equal((await buffer(stream)).toString(), "abc!");
  assert.equal(requests[0]?.url, "/api/v1/namespaces/n/pods/a/portforward?ports=8080");
});

test("forwardPort() tells a connection that breaks from one that ends", async (t) => {
  const { url } = await socketServer(t, V4, {
    serve: (socket) => socket.send(message(0, "\x90\x1fab"), () => socket.terminate()),
  });
  await assert.rejects(buffer(await forwardPort(client(t, url), { ...target, port: 8080 })), { kind: "unavailable", message: / broke$/ });
});

test("forwardPort() ends its connection when its stream is destroyed, read or not", async (t) => {
  const closed = Promise.withResolvers<void>();
  const { url } = await socketServer(t, V4, { serve: (socket) => socket.once("close", () => closed.resolve()) });
  (await forwardPort(client(t, url), { ...target, port: 1 })).destroy();
  await closed.promise;
});
