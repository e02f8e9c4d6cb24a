import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { test } from "node:test";
import { DomainError } from "../../src/base/errors.ts";
import { createBucket } from "./bucket.ts";
import { listenerOf } from "./listeners.ts";
import { startS3Server } from "./server.ts";
import { type S3Request, signedFetch } from "./signed-fetch.ts";

const port = (endpoint: string): number => Number(new URL(endpoint).port);

test("startS3Server() keeps every version of an object", async () => {
  await using server = await startS3Server();
  await createBucket(server, "locked", { objectLock: true });
  const put = async (body: string): Promise<string> => {
    const answer = await signedFetch(server, { method: "PUT", path: "/locked/a b/ü", body });
    assert.equal(answer.status, 200, await answer.text());
    return answer.headers.get("x-amz-version-id") ?? assert.fail("no version id");
  };
  const first = await put("one");
  const second = await put("two");
  assert.notEqual(first, second);
  const get = async (query: Readonly<Record<string, string>>): Promise<string> =>
    (await signedFetch(server, { method: "GET", path: "/locked/a b/ü", query })).text();
  assert.equal(await get({}), "two");
  assert.equal(await get({ versionId: first }), "one");
});

test("startS3Server() refuses to delete a version under compliance retention", async () => {
  await using server = await startS3Server();
  await createBucket(server, "locked", { objectLock: true });
  const send = async (request: S3Request): Promise<Response> => signedFetch(server, request);
  const headers = {
    "x-amz-object-lock-mode": "COMPLIANCE",
    "x-amz-object-lock-retain-until-date": new Date(Date.now() + 3_600_000).toISOString(),
  };
  const locked = await send({ method: "PUT", path: "/locked/key", body: "kept", headers });
  assert.equal(locked.status, 200, await locked.text());
  const query = { versionId: locked.headers.get("x-amz-version-id") ?? assert.fail("no version id") };

  const refused = await send({ method: "DELETE", path: "/locked/key", query });
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /<Code>AccessDenied<\/Code>/);

  const marker = await send({ method: "DELETE", path: "/locked/key" });
  assert.equal(marker.headers.get("x-amz-delete-marker"), "true");
  assert.equal((await send({ method: "GET", path: "/locked/key" })).status, 404);
  assert.equal(await (await send({ method: "GET", path: "/locked/key", query })).text(), "kept");

  const free = await send({ method: "PUT", path: "/locked/free", body: "not kept" });
  const freeVersion = { versionId: free.headers.get("x-amz-version-id") ?? assert.fail("no version id") };
  assert.equal((await send({ method: "DELETE", path: "/locked/free", query: freeVersion })).status, 204);
});

test("startS3Server() keeps the key out of its command line and lets nobody in without it", async () => {
  await using server = await startS3Server();
  const listener = (await listenerOf(port(server.endpoint))) ?? assert.fail("nobody listens");
  assert.equal(listener.command, "versitygw");
  const commandLine = await readFile(`/proc/${listener.pid}/cmdline`, "utf8");
  assert.ok(!commandLine.includes(server.accessKeyId) && !commandLine.includes(server.secretAccessKey));
  assert.equal((await fetch(`${server.endpoint}/`)).status, 403);
  const wrong = { ...server, secretAccessKey: "wrong" };
  assert.equal((await signedFetch(wrong, { method: "GET", path: "/" })).status, 403);
});

test("startS3Server() gives two servers a port and objects of their own", async () => {
  await using one = await startS3Server();
  await using other = await startS3Server();
  assert.notEqual(one.endpoint, other.endpoint);
  await createBucket(one, "bucket");
  assert.equal((await signedFetch(other, { method: "HEAD", path: "/bucket" })).status, 404);
});

test("startS3Server() names the process that has the port", async () => {
  await using server = await startS3Server();
  const taken = port(server.endpoint);
  const holder = await listenerOf(taken);
  await assert.rejects(startS3Server({ port: taken }), {
    kind: "conflict",
    code: "port_in_use",
    message: `Cannot start the S3 server: port ${taken} on 127.0.0.1 is in use by process ${holder?.pid} (versitygw)`,
  });
  assert.equal((await dataFolders()).length, 1);
});

test("startS3Server() rejects an address that is not this machine's with the server's words", async () => {
  await assert.rejects(startS3Server({ address: "192.0.2.1" }), { code: "s3_server_failed", message: /cannot assign requested address/ });
  assert.deepEqual(await dataFolders(), []);
});

test("startS3Server() leaves nothing behind when its signal is aborted", async () => {
  const signal = AbortSignal.abort(new DomainError("cancelled", "cancelled", "Cancelled"));
  await assert.rejects(startS3Server({ signal }), { kind: "cancelled" });
  assert.deepEqual(await dataFolders(), []);
});

test("stop() removes the temporary folder, also twice and with a connection left open", async () => {
  const server = await startS3Server();
  await createBucket(server, "bucket"); // fetch keeps the connection
  assert.equal((await dataFolders()).length, 1);
  await server.stop();
  await server.stop();
  assert.deepEqual(await dataFolders(), []);
  assert.equal(await listenerOf(port(server.endpoint)), undefined);
});

test("stop() keeps a folder that was given", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "given-"));
  try {
    await using server = await startS3Server({ dataDir });
    await createBucket(server, "bucket");
    await server.stop();
    await access(join(dataDir, "objects", "bucket"));
    await using again = await startS3Server({ dataDir });
    assert.equal((await signedFetch(again, { method: "HEAD", path: "/bucket" })).status, 200);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});

test("createBucket() rejects a name that is taken", async () => {
  await using server = await startS3Server();
  await createBucket(server, "bucket");
  await assert.rejects(createBucket(server, "bucket"), { kind: "conflict", code: "bucket_exists" });
});

test("a server ends with its killed parent, and the next start removes what that left", async () => {
  const parent = spawn(join(import.meta.dirname, "serve"), { stdio: ["ignore", "pipe", "inherit"] });
  const endpoint = await firstEndpoint(parent);
  const server = (await listenerOf(port(endpoint))) ?? assert.fail("nobody listens");
  parent.kill("SIGKILL");
  await once(parent, "close");
  while ((await listenerOf(port(endpoint))) !== undefined) await setTimeout(10);
  await assert.rejects(access(`/proc/${server.pid}/fd/0`));
  assert.equal((await dataFolders(parent.pid)).length, 1);
  await using _next = await startS3Server();
  assert.deepEqual(await dataFolders(parent.pid), []);
});

test("serve ends orderly on SIGTERM", async () => {
  const command = spawn(join(import.meta.dirname, "serve"), { stdio: ["ignore", "pipe", "inherit"] });
  await firstEndpoint(command);
  command.kill("SIGTERM");
  assert.deepEqual(await once(command, "close"), [0, null]);
  assert.deepEqual(await dataFolders(command.pid), []);
});

test("serve rejects a bad port with exit code 2", async () => {
  const command = spawn(join(import.meta.dirname, "serve"), ["--port", "web"], { stdio: ["ignore", "ignore", "pipe"] });
  const [exitCode, text] = await Promise.all([once(command, "close"), command.stderr.setEncoding("utf8").toArray()]);
  assert.match(text.join(""), /^Cannot listen on port "web": /);
  assert.deepEqual(exitCode, [2, null]);
});

/** Data folders of the servers that a process started. */
async function dataFolders(owner: number | undefined = process.pid): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith(`holdfast-s3-${owner}-`));
}

async function firstEndpoint(command: ChildProcess): Promise<string> {
  const [text] = (await once(command.stdout?.setEncoding("utf8") ?? assert.fail("no output"), "data")) as [string];
  return /AWS_ENDPOINT_URL=(\S+)/.exec(text)?.[1] ?? assert.fail(text);
}
