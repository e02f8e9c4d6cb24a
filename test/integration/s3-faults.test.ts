/** The S3 store against servers that fail, hang and lie: a small HTTP server that answers as each test says. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { test, type TestContext } from "node:test";
import { inspect } from "node:util";
import { errorJson } from "../../src/base/error-text.ts";
import { parseObjectKey } from "../../src/storage/object-store.ts";
import { openS3Store, type S3Store, type S3StoreOptions } from "../../src/storage/s3/store.ts";
import { parseS3Url } from "../../src/storage/s3/url.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const a = parseObjectKey("a");
const credentials = { accessKeyId: "key", secretAccessKey: "hidden-secret", sessionToken: "hidden-token" };

async function open(t: TestContext, endpoint: string, options: S3StoreOptions = {}): Promise<S3Store> {
  const location = parseS3Url(`s3://bucket?endpoint=${endpoint}`, {});
  const store = await openS3Store(location, {
    credentials: () => Promise.resolve(credentials),
    environment: {},
    signal: t.signal,
    connectTimeoutMs: 300,
    idleTimeoutMs: 300,
    ...options,
  });
  t.after(() => store[Symbol.asyncDispose]());
  return store;
}

/** A store over a server that lets it open, and then answers as told. */
async function answering(t: TestContext, answer: Answer, versioning = "", lock = ""): Promise<S3Store> {
  const server = createServer((request, response) => {
    request.resume();
    if (request.url?.endsWith("?versioning=") === true) {
      response.end(`<VersioningConfiguration>${versioning}</VersioningConfiguration>`);
    } else if (request.url?.endsWith("?object-lock=") === true) {
      if (lock !== "") response.end(lock);
      else response.writeHead(404).end("<Error><Code>ObjectLockConfigurationNotFoundError</Code></Error>");
    } else {
      request.on("end", () => answer(request, response));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return open(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

test("a server that hangs is unavailable after the idle timeout", async (t) => {
  const store = await answering(t, () => undefined);
  await assert.rejects(store.get(a), { kind: "unavailable", code: "storage_unavailable", message: /did not answer in time$/ });
  const stuck = await answering(t, (_, response) => response.writeHead(200, { "content-length": "10" }).write("01234"));
  await assert.rejects(stuck.get(a), { kind: "unavailable", message: /stopped in the middle of its answer$/ });
});

test("a server that accepts connections and says nothing is unavailable", async (t) => {
  const server = createTcpServer((socket) => socket.on("error", () => undefined).resume()).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  await assert.rejects(open(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`), {
    kind: "unavailable",
    code: "storage_unavailable",
  });
});

test("a body that ends early can be asked for again, with a range too", async (t) => {
  const store = await answering(t, (request, response) => {
    const ranged = request.headers.range !== undefined;
    response.writeHead(ranged ? 206 : 200, { "content-length": "10", ...(ranged ? { "content-range": "bytes 0-9/100" } : {}) });
    response.write("01234", () => request.socket.end());
  });
  await assert.rejects(store.get(a), { kind: "unavailable", code: "storage_unavailable" });
  await assert.rejects(store.get(a, { range: { offset: 0, length: 10 } }), { kind: "unavailable", code: "storage_unavailable" });
});

test("get() refuses another range than it asked for", async (t) => {
  const range = { offset: 5, length: 2 };
  const whole = await answering(t, (_, response) => response.end("0123456789"));
  await assert.rejects(whole.get(a, { range }), { kind: "corrupt", code: "storage_too_long" });
  const ignored = await answering(t, (_, response) => response.writeHead(200, { "content-range": "bytes 5-6/10" }).end("56"));
  await assert.rejects(ignored.get(a, { range }), { kind: "corrupt", code: "storage_answer" });
  const other = await answering(t, (_, response) => response.writeHead(206, { "content-range": "bytes 4-5/10" }).end("45"));
  await assert.rejects(other.get(a, { range }), { kind: "corrupt", code: "storage_answer" });
  const right = await answering(t, (_, response) => response.writeHead(206, { "content-range": "bytes 5-6/10" }).end("56"));
  assert.equal(String.fromCodePoint(...(await right.get(a, { range }))), "56");
});

test("503 with Retry-After tells how long to wait", async (t) => {
  const store = await answering(t, (_, response) =>
    response.writeHead(503, { "retry-after": "3" }).end("<Error><Code>SlowDown</Code></Error>"),
  );
  await assert.rejects(store.put(a, Buffer.from("x")), {
    kind: "unavailable",
    code: "storage_unavailable",
    details: { status: 503, s3Code: "SlowDown", retryAfterMs: 3_000 },
  });
});

test("a secret appears in no error and no inspected store", async (t) => {
  for (const answer of [
    (_, response) => response.writeHead(403).end(),
    (request) => request.socket.destroy(),
  ] as const satisfies Answer[]) {
    const store = await answering(t, answer);
    const error = await store.put(a, Buffer.from("x")).catch((caught: unknown) => caught);
    for (const shown of [
      inspect(error, { depth: 9 }),
      JSON.stringify(errorJson(error)),
      inspect(store, { depth: 9 }),
      JSON.stringify(store),
    ]) {
      assert.doesNotMatch(shown, /hidden/);
    }
  }
});

function page(entries: string, more = ""): string {
  return `<ListBucketResult>${more === "" ? "" : `<IsTruncated>true</IsTruncated>${more}`}${entries}</ListBucketResult>`;
}

function entry(name: string): string {
  return `<Contents><Key>${name}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>`;
}

const hostile: Readonly<Record<string, string>> = {
  "a web page": "<!DOCTYPE html><html></html>",
  "another document": "<ListVersionsResult/>",
  "half a page": page(entry("a")).slice(0, -5),
  "names out of order": page(entry("b") + entry("a")),
  "one name twice": page(entry("a") + entry("a")),
  "a next page that is not named": page("", "<NextContinuationToken/>"),
  "the same page for ever": page("", "<NextContinuationToken>again</NextContinuationToken>"),
  "the same names for ever": page(entry("a"), "<NextContinuationToken>again</NextContinuationToken>"),
  "a negative size": page(entry("a").replace(">1<", ">-1<")),
  "no time": page(entry("a").replace("2026-01-01T", "")),
};
for (const [name, xml] of Object.entries(hostile)) {
  test(`list() refuses ${name}`, async (t) => {
    const store = await answering(t, (_, response) => response.end(xml));
    await assert.rejects(Array.fromAsync(store.list("")), { kind: "corrupt", code: "storage_answer" });
  });
}

test("list() refuses more than a page has", async (t) => {
  const store = await answering(t, (_, response) => response.end(page(" ".repeat(9 * 1024 ** 2))));
  await assert.rejects(Array.fromAsync(store.list("")), { kind: "corrupt", code: "storage_too_long" });
});

test("list() leaves out names that lead out of the store", async (t) => {
  const names = ["../b", "/c", "a", "a/../b", "b\\c", "d//e", "d/", "e&#10;f"];
  const store = await answering(t, (_, response) => response.end(page(names.map(entry).join(""))));
  assert.deepEqual(
    (await Array.fromAsync(store.list(""))).map(({ key }) => key),
    ["a"],
  );
});

test("versions are in order also when a server sends delete markers last", async (t) => {
  const version = (name: string, key: string, id: string, time: string, latest = false): string =>
    `<${name}><Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>${latest}</IsLatest>` +
    `<LastModified>2026-01-01T00:00:${time}Z</LastModified></${name}>`;
  const xml = [
    version("Version", "a", "a2", "02"),
    version("Version", "a", "a1", "01"),
    version("Version", "b", "b2", "01", true),
    version("Version", "b", "b1", "01"),
    version("DeleteMarker", "a", "a3", "02", true),
    version("DeleteMarker", "a", "between", "01.5"),
  ];
  const answer: Answer = (_, response) => response.end(`<ListVersionsResult>${xml.join("")}</ListVersionsResult>`);
  const store = await answering(t, answer, "<Status>Enabled</Status>");
  const all = await Array.fromAsync(store.versions?.list("") ?? assert.fail("no versions"));
  assert.deepEqual(
    all.map((it) => it.version),
    ["a3", "a2", "between", "a1", "b2", "b1"],
  );
  assert.equal(store.locking, undefined);
});

test("a bare AccessDenied to a shorter retention is a lock, to a longer one it is a missing permission", async (t) => {
  const setMs = 2_000_000_000_000;
  const answer: Answer = (request, response) => {
    if (request.method === "GET") response.end("<Retention><RetainUntilDate>2033-05-18T03:33:20Z</RetainUntilDate></Retention>");
    else response.writeHead(403).end("<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
  };
  const enabled = "<C><ObjectLockEnabled>Enabled</ObjectLockEnabled></C>";
  const { locking } = await answering(t, answer, "<Status>Enabled</Status>", enabled);
  assert.ok(locking !== undefined);
  await assert.rejects(locking.retainUntil(a, setMs - 1), { kind: "forbidden", code: "object_locked" });
  await assert.rejects(locking.retainUntil(a, setMs), { kind: "forbidden", code: "storage_forbidden" });
});
