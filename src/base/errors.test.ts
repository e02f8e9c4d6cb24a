import assert from "node:assert/strict";
import { test } from "node:test";
import { asDomainError, DomainError, ERROR_KINDS, errorFromThread, exitCodeOf, isRetryable } from "./errors.ts";

test("ERROR_KINDS gives every kind its HTTP status, exit code and reason", () => {
  const rows = Object.entries(ERROR_KINDS).map(([kind, { http, exitCode, reason }]) => `${kind} ${http} ${exitCode} ${reason}`);
  assert.deepEqual(rows, [
    "usage 400 2 InvalidSpec",
    "unauthenticated 401 4 AccessDenied",
    "forbidden 403 4 AccessDenied",
    "not-found 404 5 NotFound",
    "conflict 409 6 Conflict",
    "locked 423 11 Locked",
    "unavailable 503 7 Unavailable",
    "corrupt 500 8 DataCorrupt",
    "unsupported 501 9 Unsupported",
    "partial 200 3 PartiallyFailed",
    "cancelled 499 130 Cancelled",
    "internal 500 1 InternalError",
  ]);
});

test("exitCodeOf() tells apart what restic's scripts tell apart", () => {
  assert.equal(exitCodeOf(new DomainError("not-found", "repository_not_found", "x")), 10);
  assert.equal(exitCodeOf(new DomainError("not-found", "snapshot_not_found", "x")), 5);
  assert.equal(exitCodeOf(new DomainError("unauthenticated", "wrong_repository_key", "x")), 12);
  assert.equal(exitCodeOf(new DomainError("unauthenticated", "token_expired", "x")), 4);
});

test("asDomainError() calls an abort cancelled, and keeps it as cause", () => {
  const abort = AbortSignal.abort().reason as unknown;
  const error = asDomainError(abort);
  assert.deepEqual([error.kind, error.code, error.cause], ["cancelled", "cancelled", abort]);
  assert.equal(exitCodeOf(abort), 130);
});

test("asDomainError() gives the reason of an abort when that is a DomainError", () => {
  const reason = new DomainError("unavailable", "request_timeout", "Cannot reach server: no answer in 5 s");
  const abort = Object.assign(new Error("The operation was aborted", { cause: reason }), { name: "AbortError" });
  assert.equal(asDomainError(abort), reason);
});

test("asDomainError() calls anything else internal, with the value as cause", () => {
  const bug = new TypeError("x is not a function");
  const error = asDomainError(bug);
  assert.deepEqual([error.kind, error.message, error.cause], ["internal", "x is not a function", bug]);
  assert.deepEqual([asDomainError("text").message, asDomainError("text").cause, exitCodeOf(undefined)], ["text", "text", 1]);
});

test("isRetryable() is true for what may pass by itself only", () => {
  const retryable = Object.entries(ERROR_KINDS).filter(([, row]) => row.retryable);
  assert.deepEqual(
    retryable.map(([kind]) => kind),
    ["locked", "unavailable"],
  );
  assert.equal(isRetryable(new DomainError("unavailable", "throttled", "x")), true);
  assert.equal(isRetryable(new Error("bug")), false);
});

test("errorFromThread() gives a DomainError its class back, and leaves others as they are", () => {
  const thrown = new DomainError("unavailable", "gone", "Cannot read", {
    details: { part: 1 },
    hint: "Try again",
    cause: new Error("why"),
  });
  // As between threads, where classes are lost and names are kept.
  const { name, kind, code, details, hint, message } = thrown;
  const arrived = Object.assign(new Error(message), { name, kind, code, details, hint });
  const given = errorFromThread(arrived);
  assert.ok(given instanceof DomainError);
  assert.deepEqual(
    [given.kind, given.code, given.message, given.details, given.hint],
    ["unavailable", "gone", "Cannot read", { part: 1 }, "Try again"],
  );
  const other = new TypeError("a bug");
  assert.equal(errorFromThread(other), other);
  assert.equal(errorFromThread("text"), "text");
});
