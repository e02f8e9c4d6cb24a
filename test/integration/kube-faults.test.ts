import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { listPages } from "../../src/kube/list.ts";
import { createObject, deleteObject, getObject, patchObject, updateObject } from "../../src/kube/objects.ts";
import { CONFIG_MAPS, configMap } from "../support/kube.ts";
import { cut, failed, json, lost, scriptedApi } from "../support/scripted-api.ts";

const place = { namespace: "n", name: "a" };
const object = configMap("a");
const fieldManager = "test";
const throttled = failed(429, "TooManyRequests", { "retry-after": "3" });

test("a request that the server puts off is sent again when it says, a create too", async (t) => {
  const { api, requests, waits } = await scriptedApi(t, [throttled, throttled, json(object)]);
  await createObject(api, CONFIG_MAPS, object, { namespace: "n", fieldManager });
  assert.deepEqual(waits, [3_000, 3_000]);
  assert.deepEqual([requests.length, requests[2]?.line], [3, "POST /api/v1/namespaces/n/configmaps?fieldManager=test"]);
  assert.deepEqual([requests[2]?.body, requests[2]?.headers["user-agent"]], [JSON.stringify(object), "holdfast-test"]);
});

test("reads are repeated after every fault that may pass", async (t) => {
  const { api, requests, waits } = await scriptedApi(t, [
    lost,
    cut,
    failed(503, "ServiceUnavailable"),
    failed(500, "InternalError"),
    json(object),
  ]);
  assert.deepEqual(await getObject(api, CONFIG_MAPS, place), object);
  assert.deepEqual([requests.length, waits], [5, [50, 100, 200, 400]]);
});

test("what may have happened is not done twice", async (t) => {
  const { signal } = t;
  for (const answer of [lost, failed(503, "ServiceUnavailable")]) {
    const { api, requests } = await scriptedApi(t, [answer]);
    const unavailable = { kind: "unavailable", code: "kube_unavailable" };
    await assert.rejects(createObject(api, CONFIG_MAPS, object, { namespace: "n", fieldManager, signal }), unavailable);
    await assert.rejects(updateObject(api, CONFIG_MAPS, place, object, { fieldManager }), unavailable);
    await assert.rejects(patchObject(api, CONFIG_MAPS, place, { type: "json", operations: [] }, { fieldManager }), unavailable);
    await assert.rejects(deleteObject(api, CONFIG_MAPS, place, { propagation: "Orphan" }), unavailable);
    assert.equal(requests.length, 4);
  }
});

test("a server that is not there is tried again for a while", async (t) => {
  const { api, waits } = await scriptedApi(t, [json(object)], { server: "http://127.0.0.1:1" });
  await assert.rejects(createObject(api, CONFIG_MAPS, object, { namespace: "n", fieldManager }), {
    code: "kube_unreachable",
    message: 'Cannot create configmaps "a" in namespace "n": "http://127.0.0.1:1" does not answer (ECONNREFUSED)',
  });
  assert.equal(waits.length, 9);
});

test("credentials that the server does not accept are renewed once", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-token-"));
  t.after(() => rm(folder, { recursive: true }));
  const tokenFile = join(folder, "token");
  await writeFile(tokenFile, "old");
  const renewed = (response: Parameters<typeof throttled>[0], seen: Parameters<typeof throttled>[1]): void =>
    seen.headers.authorization === "Bearer new" ? json(object)(response, seen) : failed(401, "Unauthorized")(response, seen);
  const { api, requests } = await scriptedApi(t, [json(object), renewed], { user: { tokenFile } });
  await getObject(api, CONFIG_MAPS, place);
  await writeFile(tokenFile, "new");
  await createObject(api, CONFIG_MAPS, object, { namespace: "n", fieldManager });
  assert.deepEqual(
    requests.map(({ headers }) => headers.authorization),
    ["Bearer old", "Bearer old", "Bearer new"],
  );
  await writeFile(tokenFile, "wrong");
  await getObject(api, CONFIG_MAPS, place);
  assert.equal(requests.length, 4);
});

test("a hostile answer is refused: too long, not JSON, not an object", async (t) => {
  const endless = (response: Parameters<typeof throttled>[0]): void => {
    pipeline(Readable.from(repeat(Buffer.alloc(1024 ** 2, "x"))), response).catch(() => undefined);
  };
  await assert.rejects(getObject((await scriptedApi(t, [endless])).api, CONFIG_MAPS, place), {
    kind: "corrupt",
    code: "kube_too_long",
    message: /the answer has more than 67108864 bytes$/,
  });
  const page = (response: Parameters<typeof throttled>[0]): unknown => response.end("<html>");
  await assert.rejects(getObject((await scriptedApi(t, [page])).api, CONFIG_MAPS, place), { message: /: the answer is not JSON$/ });
  await assert.rejects(getObject((await scriptedApi(t, [json([])])).api, CONFIG_MAPS, place), {
    message: /: the answer is not an object$/,
  });
});

test("listPages() asks for shorter pages where objects are large, and ends where the server forgets", async (t) => {
  const page = (count: number, itemBytes: number, next: string) => {
    const item = { data: { k: "x".repeat(itemBytes) } };
    return json({ items: Array.from({ length: count }, () => item), metadata: { resourceVersion: "7", continue: next } });
  };
  const answers = [page(70, 1024 ** 2, "?"), page(20, 128 * 1024, "a&b"), failed(410, "Expired")] as const;
  const { api, requests } = await scriptedApi(t, answers);
  const pages: number[] = [];
  await assert.rejects(
    async () => {
      for await (const { items, resourceVersion } of listPages(api, CONFIG_MAPS)) pages.push(items.length, Number(resourceVersion));
    },
    { kind: "conflict", code: "kube_expired" },
  );
  assert.deepEqual(pages, [20, 7]);
  const asked = requests.map(({ url }) => [url.searchParams.get("limit"), url.searchParams.get("continue")]);
  assert.deepEqual(asked, [
    ["200", null],
    ["20", null],
    ["3", "a&b"],
  ]);
});

test("requests stop at once when their signal aborts, and when the client is closed", async (t) => {
  const silent = (): void => undefined;
  const { api } = await scriptedApi(t, [silent]);
  const abort = new AbortController();
  const mine = assert.rejects(getObject(api, CONFIG_MAPS, place, { signal: abort.signal }), /mine/);
  abort.abort(new Error("mine"));
  await mine;
  const other = assert.rejects(getObject(api, CONFIG_MAPS, place), { code: "kube_closed" });
  await api[Symbol.asyncDispose]();
  await other;
});

function* repeat<T>(value: T): Generator<T> {
  while (true) yield value;
}
