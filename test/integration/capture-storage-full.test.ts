import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { watchStorage } from "../../src/capture/volumes/storage-watch.ts";
import { json, scriptedApi } from "../support/scripted-api.ts";

const CLAIM = { namespace: "holdfast-system", name: "read-1", volume: "shop/data" };
const FULL = 'failed to provision volume: rpc error: code = ResourceExhausted desc = 12 bytes are free of\n"pool"';

function event(name: string, type: string, message: string): object {
  return { metadata: { name: `${name}.1`, namespace: CLAIM.namespace }, involvedObject: { name }, type, message };
}

async function watching(t: TestContext, ...events: readonly object[]): Promise<void> {
  const { api } = await scriptedApi(t, [
    json({ metadata: { resourceVersion: "1" }, items: events.slice(0, 1) }),
    (response) => {
      for (const object of events.slice(1)) response.write(`${JSON.stringify({ type: "ADDED", object })}\n`);
    },
  ]);
  await watchStorage(api, CLAIM, t.signal);
}

test("a claim that the storage has no room for ends the wait for it, with what the driver says", async (t) => {
  const said = {
    code: "storage_full",
    kind: "unavailable",
    message: /Cannot capture volume "shop\/data": the storage has no room for a copy of its snapshot: failed .* free of "pool"$/,
    hint: /--movers/,
  };
  await assert.rejects(watching(t, event("read-1", "Warning", FULL)), said);
  const others = [
    event("read-2", "Warning", FULL),
    event("read-1", "Normal", FULL),
    event("read-1", "Warning", "waiting for a volume to be created"),
  ];
  await assert.rejects(watching(t, ...others, event("read-1", "Warning", FULL)), said);
});
