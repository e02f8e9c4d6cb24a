/** The log of a mover's pod, on connections that a real cluster does not break on demand. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { podLog } from "../../src/mover/job/pod-log.ts";
import { type Answer, failed, scriptedApi } from "../support/scripted-api.ts";

const at = (second: number, nano: number, text: string): string => `2026-11-29T06:00:0${second}.00000000${nano}Z ${text}\n`;

/** Sends lines, and then ends well, or breaks. */
function log(lines: readonly string[], end: "breaks" | "ends"): Answer {
  return (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write(lines.join(""), () => (end === "ends" ? response.end() : response.destroy()));
  };
}

test("podLog() gives each line once over connections that break, and goes on after the last", async (t) => {
  const { api, requests } = await scriptedApi(t, [
    log([at(1, 1, "a"), at(1, 2, "b"), "2026-11-29T06:00:01.000000003Z half a li"], "breaks"),
    failed(503, "ServiceUnavailable"),
    failed(400, "BadRequest"),
    log([at(1, 1, "a"), at(1, 2, "b"), at(1, 3, "half a line"), at(2, 1, "c")], "breaks"),
    log([at(2, 1, "c"), at(2, 2, "d")], "ends"),
  ]);
  let isRunning = true;
  const found: string[] = [];
  for await (const text of podLog(api, { namespace: "h", pod: "p", isRunning: () => isRunning, signal: t.signal })) {
    found.push(text);
    isRunning = text !== "c";
  }
  assert.deepEqual(found, ["a", "b", "half a line", "c", "d"]);
  const since = requests.map(({ url }) => url.searchParams.get("sinceTime"));
  assert.deepEqual(since, [null, ...Array.from({ length: 3 }, () => "2026-11-29T06:00:01Z"), "2026-11-29T06:00:02Z"]);
});

test("podLog() ends when its pod is gone, and when a container that has ended has told all", async (t) => {
  const gone = await scriptedApi(t, [
    log([at(1, 1, "a")], "breaks"),
    (response) =>
      response
        .writeHead(404, { "content-type": "application/json" })
        .end(
          JSON.stringify({ kind: "Status", status: "Failure", reason: "NotFound", message: "words", details: { name: "p", kind: "pods" } }),
        ),
  ]);
  const options = { namespace: "h", pod: "p", isRunning: () => true, signal: t.signal };
  assert.deepEqual(await Array.fromAsync(podLog(gone.api, options)), ["a"]);
  const ended = await scriptedApi(t, [log([at(1, 1, "a")], "ends")]);
  assert.deepEqual(await Array.fromAsync(podLog(ended.api, { ...options, isRunning: () => false })), ["a"]);
  assert.equal(ended.requests.length, 1);
});
