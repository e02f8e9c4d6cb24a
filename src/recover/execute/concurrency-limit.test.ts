import assert from "node:assert/strict";
import { test } from "node:test";
import { ConcurrencyLimit } from "./concurrency-limit.ts";

const request = "create configmaps";

/** Answers of a server of so many processors: with more requests than those each takes longer. */
function serve(limit: ConcurrencyLimit, answers: number, { processors = 4, serviceMs = 10 } = {}): void {
  for (let count = 0; count < answers; count++) {
    const latencyMs = serviceMs * Math.max(1, limit.limit / processors);
    limit.observe({ request, latencyMs, isThrottled: false });
  }
}

test("the limit rises while answers come as fast as ever, up to where the server is busy, and no further", () => {
  const limit = new ConcurrencyLimit({ first: 1, max: 64 });
  serve(limit, 5_000, { processors: 8 });
  assert.ok(limit.limit >= 8 && limit.limit <= 20, `${limit.limit}`);
});

test("the limit never leaves its bounds", () => {
  const limit = new ConcurrencyLimit({ first: 2, max: 16 });
  serve(limit, 10_000, { processors: 1_000 });
  assert.equal(limit.limit, 16);
  for (let count = 0; count < 1_000; count++) limit.observe({ request, latencyMs: 1, isThrottled: true });
  assert.equal(limit.limit, 1);
});

test("the limit halves when the server asks to slow down, once for all that were under way", () => {
  const limit = new ConcurrencyLimit({ first: 16, max: 16 });
  for (let count = 0; count < 16; count++) limit.observe({ request, latencyMs: 10, isThrottled: count < 4 });
  assert.ok(limit.limit >= 4 && limit.limit <= 8, `${limit.limit}`);
});

test("the limit falls when answers get slower", () => {
  const limit = new ConcurrencyLimit({ first: 8, max: 8 });
  serve(limit, 100, { processors: 8 });
  const before = limit.limit;
  serve(limit, 100, { processors: 8, serviceMs: 50 });
  assert.ok(limit.limit < before / 2, `${limit.limit}`);
});

test("what was fast once is forgotten: after a time at the new pace the limit rises again", () => {
  const limit = new ConcurrencyLimit({ first: 8, max: 8 });
  serve(limit, 100, { processors: 8 });
  serve(limit, 20_000, { processors: 8, serviceMs: 50 });
  assert.ok(limit.limit >= 7, `${limit.limit}`);
});

test("a request of another kind that takes longer by itself does not slow the others", () => {
  const limit = new ConcurrencyLimit({ first: 4, max: 8 });
  for (let count = 0; count < 400; count++) {
    limit.observe({ request, latencyMs: 5, isThrottled: false });
    limit.observe({ request: "create pods", latencyMs: 100, isThrottled: false });
  }
  assert.equal(limit.limit, 8);
});
