import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { objectIn, textIn } from "../../src/kube/json.ts";
import { watch, type WatchEvent } from "../../src/kube/watch.ts";
import { CONFIG_MAPS } from "../support/kube.ts";
import { type Answer, failed, json, lost, scriptedApi } from "../support/scripted-api.ts";

function item(name: string, resourceVersion: string): object {
  return { metadata: { name, resourceVersion } };
}

function event(type: string, name: string, resourceVersion: string): string {
  return `${JSON.stringify({ type, object: item(name, resourceVersion) })}\n`;
}

/** A watch that sends this, and then ends as it is told. */
function sends(text: string, end: (response: ServerResponse) => unknown = (response) => response.end()): Answer {
  return (response) => response.writeHead(200).write(text, () => end(response));
}

const stays = (): void => undefined;
const list = (resourceVersion: string, ...names: readonly string[]): Answer =>
  json({ metadata: { resourceVersion }, items: names.map((name) => item(name, "1")) });

function short(shown: WatchEvent): string {
  if (shown.type === "resync") return "resync";
  if (shown.type === "bookmark") return `bookmark ${shown.resourceVersion}`;
  return `${shown.type} ${textIn(objectIn(shown.object, "metadata"), "name")}`;
}

/** The first events. */
async function take(source: AsyncIterable<WatchEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  for await (const shown of source) {
    taken.push(short(shown));
    if (taken.length === count) break;
  }
  return taken;
}

test("watch() begins with a list and goes on from its moment", async (t) => {
  const { api, requests } = await scriptedApi(t, [list("5", "a", "b"), sends(event("MODIFIED", "a", "6"), stays)]);
  assert.deepEqual(await take(watch(api, CONFIG_MAPS, { labelSelector: "x" }), 5), [
    "resync",
    "added a",
    "added b",
    "bookmark 5",
    "modified a",
  ]);
  const { searchParams } = requests[1]?.url ?? new URL("http://none");
  assert.deepEqual(
    [searchParams.get("resourceVersion"), searchParams.get("labelSelector"), searchParams.get("timeoutSeconds")],
    ["5", "x", "360"],
  );
  assert.equal(searchParams.get("allowWatchBookmarks"), "true");
});

test("watch() resumes after the last whole event, however the connection ends", async (t) => {
  const half = event("DELETED", "c", "9").slice(0, -9);
  const { api, requests, waits } = await scriptedApi(t, [
    sends(event("ADDED", "a", "6") + event("BOOKMARK", "", "8") + half, (response) => response.destroy()),
    lost,
    failed(503, "ServiceUnavailable"),
    sends("", (response) => response.end()),
    sends(event("DELETED", "c", "9"), (response) => response.end()),
    sends(event("ADDED", "d", "12"), stays),
  ]);
  const interruptions: unknown[] = [];
  const events = watch(api, CONFIG_MAPS, { resourceVersion: "5", onInterruption: (error) => interruptions.push(error) });
  assert.deepEqual(await take(events, 4), ["added a", "bookmark 8", "deleted c", "added d"]);
  assert.deepEqual(
    requests.map(({ url }) => url.searchParams.get("resourceVersion")),
    ["5", "8", "8", "8", "8", "9"],
  );
  assert.equal(interruptions.length, 1);
  assert.deepEqual(waits, [500, 50, 100, 500, 250]);
});

test("watch() lists anew when the server has forgotten where it was, and waits longer each time", async (t) => {
  const expired = { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } };
  const { api, waits } = await scriptedApi(t, [
    failed(410, "Expired"),
    list("20", "a"),
    sends(`${JSON.stringify(expired)}\n`),
    failed(410, "Expired"),
    list("30", "b"),
    sends(event("ADDED", "c", "31"), stays),
  ]);
  const events = await take(watch(api, CONFIG_MAPS, { resourceVersion: "5" }), 8);
  assert.deepEqual(events, ["resync", "added a", "bookmark 20", "resync", "resync", "added b", "bookmark 30", "added c"]);
  assert.deepEqual(waits, [500, 1_000, 2_000]);
});

test("watch() gives up a connection on which nothing comes", async (t) => {
  const { api, requests } = await scriptedApi(t, [sends(event("ADDED", "a", "6"), stays), sends(event("ADDED", "b", "7"), stays)]);
  assert.deepEqual(await take(watch(api, CONFIG_MAPS, { resourceVersion: "5", idleTimeoutMs: 50 }), 2), ["added a", "added b"]);
  assert.equal(requests[1]?.url.searchParams.get("resourceVersion"), "6");
});

test("watch() ends with an error that does not pass, and with its signal", async (t) => {
  const { api } = await scriptedApi(t, [failed(403, "Forbidden")]);
  await assert.rejects(take(watch(api, CONFIG_MAPS, { resourceVersion: "5" }), 1), {
    code: "kube_forbidden",
    message: /^Cannot watch configmaps: /,
  });
  const other = await scriptedApi(t, [sends(event("ADDED", "a", "6"), stays)]);
  const abort = new AbortController();
  const events = watch(other.api, CONFIG_MAPS, { resourceVersion: "5", signal: abort.signal });
  await events.next();
  const next = assert.rejects(events.next(), /mine/);
  abort.abort(new Error("mine"));
  await next;
});

test("watch() takes what is no event for a broken connection, and refuses an event without end", async (t) => {
  const { api, requests } = await scriptedApi(t, [sends("<html>\n"), sends('{"type":"NEW"}\n'), sends(event("ADDED", "a", "6"), stays)]);
  assert.deepEqual(await take(watch(api, CONFIG_MAPS, { resourceVersion: "5" }), 1), ["added a"]);
  assert.equal(requests.length, 3);
  const endless = await scriptedApi(t, [sends("x".repeat(17 * 1024 ** 2), stays)]);
  await assert.rejects(take(watch(endless.api, CONFIG_MAPS, { resourceVersion: "5" }), 1), { kind: "corrupt", code: "kube_too_long" });
});

test("watch() reads on only when events are taken", async (t) => {
  const line = event("ADDED", "x".repeat(60_000), "6");
  let [sent, isBlocked] = [0, false];
  const floods: Answer = (response) => {
    response.writeHead(200);
    for (; !isBlocked && sent < 2_000; sent++) isBlocked = !response.write(line);
    response.on("drain", () => {
      isBlocked = false;
      for (; !isBlocked && sent < 2_000; sent++) isBlocked = !response.write(line);
    });
  };
  const { api } = await scriptedApi(t, [floods]);
  const events = watch(api, CONFIG_MAPS, { resourceVersion: "5" });
  await events.next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(sent < 1_000, `${sent} of 2,000 events were sent`);
  for (let taken = 1; taken < 2_000; taken++) await events.next();
  assert.equal(sent, 2_000);
  await events.return();
});
