/** How the S3 store gets to a server: over TLS with a private authority, through a proxy, and slowly. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { run } from "../../dev/host/run.ts";
import { parseObjectKey } from "../../src/storage/object-store.ts";
import { openS3Store, type S3Store, type S3StoreOptions } from "../../src/storage/s3/store.ts";
import { parseS3Url } from "../../src/storage/s3/url.ts";
import { environment } from "../support/environment.ts";

const a = parseObjectKey("a");

/** Answers every question about the bucket, and every put. */
const empty: RequestListener = (request, response) => void request.resume().on("end", () => response.end("<VersioningConfiguration/>"));

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function open(t: TestContext, endpoint: string, options: S3StoreOptions): Promise<S3Store> {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const location = parseS3Url(`s3://bucket?endpoint=${endpoint}`, {});
  const store = await openS3Store(location, {
    credentials: () => Promise.resolve(credentials),
    environment: {},
    signal: t.signal,
    ...options,
  });
  t.after(() => store[Symbol.asyncDispose]());
  return store;
}

/** A TLS server on 127.0.0.1 that only its own certificate vouches for. */
async function startTlsServer(t: TestContext): Promise<{ readonly port: number; readonly caFile: string }> {
  const folder = await environment(t).temporaryFolder();
  const [keyFile, caFile] = [join(folder, "server.key"), join(folder, "server.crt")];
  const newKey = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  const names = ["-subj", "/CN=s3", "-addext", "subjectAltName=IP:127.0.0.1"];
  await run("openssl", ["req", ...newKey, ...names, "-keyout", keyFile, "-out", caFile], { signal: t.signal });
  const server = createTlsServer({ key: await readFile(keyFile), cert: await readFile(caFile) }, empty);
  return { port: await listen(t, server), caFile };
}

test("a server with a private authority is trusted with its CA file only", async (t) => {
  const { port, caFile } = await startTlsServer(t);
  const store = await open(t, `https://127.0.0.1:${port}`, { caFile });
  await store.put(a, Buffer.from("x"));
  await assert.rejects(open(t, `https://127.0.0.1:${port}`, {}), {
    kind: "unavailable",
    code: "storage_unavailable",
    message: /certificate of the server is not trusted$/,
    hint: /certificate authority/,
  });
});

test("a CA file that is missing or holds no certificate is refused", async (t) => {
  const { port } = await startTlsServer(t);
  for (const caFile of ["/does/not/exist", import.meta.filename]) {
    await assert.rejects(open(t, `https://127.0.0.1:${port}`, { caFile }), { kind: "usage", code: "ca_file" });
  }
});

test("HTTPS_PROXY is gone through, NO_PROXY is not", async (t) => {
  const { port, caFile } = await startTlsServer(t);
  const asked: (string | undefined)[] = [];
  const proxy = createHttpServer();
  proxy.on("connect", (request, socket) => {
    asked.push(request.url);
    const onward = connect(port, "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    onward.on("error", () => socket.destroy()).pipe(socket);
    socket.on("error", () => onward.destroy()).pipe(onward);
    t.after(() => onward.destroy());
  });
  const through = { HTTPS_PROXY: `http://127.0.0.1:${await listen(t, proxy)}` };
  await open(t, `https://127.0.0.1:${port}`, { caFile, environment: through });
  assert.deepEqual(asked, [`127.0.0.1:${port}`]);
  await open(t, `https://127.0.0.1:${port}`, { caFile, environment: { ...through, NO_PROXY: "127.0.0.1" } });
  assert.equal(asked.length, 1);
});

test("an upload may take longer than the idle timeout as long as it goes on", async (t) => {
  let received = 0;
  const server = createHttpServer((request, response) => {
    void (async () => {
      for await (const chunk of request as AsyncIterable<Uint8Array>) {
        received += chunk.length;
        await setTimeout(3); // some 20 MB/s
      }
      response.end("<VersioningConfiguration/>");
    })();
  });
  const store = await open(t, `http://127.0.0.1:${await listen(t, server)}`, { idleTimeoutMs: 1_000 });
  const body = new Uint8Array(50_000_000);
  await store.put(a, body);
  assert.equal(received, body.length);
});
