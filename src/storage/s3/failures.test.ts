import assert from "node:assert/strict";
import { test } from "node:test";
import { answerError, isTimeout, networkError } from "./failures.ts";

const attempt = { action: 'put "a"', url: "s3://bucket" };
const nowMs = 1_255_369_830_000;

function answered(status: number, code?: string, words = "words", headers: Record<string, string> = {}): ReturnType<typeof answerError> {
  const xml = code === undefined ? "<html>" : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${words}</Message></Error>`;
  return answerError(attempt, { status, headers, body: Buffer.from(xml), nowMs });
}

const cases: readonly (readonly [status: number, code: string | undefined, words: string, meaning: string])[] = [
  [403, "InvalidAccessKeyId", "", "unauthenticated/storage_credentials"],
  [403, "SignatureDoesNotMatch", "", "unauthenticated/storage_credentials"],
  [400, "ExpiredToken", "", "unauthenticated/storage_credentials"],
  [401, undefined, "", "unauthenticated/storage_credentials"],
  [403, "AccessDenied", "Access Denied", "forbidden/storage_forbidden"],
  [403, undefined, "", "forbidden/storage_forbidden"],
  [403, "AccessDenied", "Access Denied because object protected by object lock.", "forbidden/object_locked"],
  [400, "InvalidRequest", "Object is WORM protected and cannot be overwritten", "forbidden/object_locked"],
  [403, "AccessDenied", "User: x is not authorized to perform: s3:PutObjectRetention", "forbidden/storage_forbidden"],
  [400, "InvalidRequest", "Something else", "unsupported/storage_refused"],
  [403, "RequestTimeTooSkewed", "", "unavailable/clock_skew"],
  [404, "NoSuchKey", "", "not-found/object_not_found"],
  [404, "NoSuchVersion", "", "not-found/object_not_found"],
  [404, undefined, "", "unsupported/storage_refused"],
  [404, "XAdminUserNotFound", "", "unauthenticated/storage_credentials"],
  [404, "SomethingElse", "", "unsupported/storage_refused"],
  [404, "NoSuchBucket", "", "not-found/bucket_not_found"],
  [412, "PreconditionFailed", "", "conflict/object_exists"],
  [412, undefined, "", "conflict/object_exists"],
  [409, undefined, "", "conflict/object_exists"],
  [409, "ConditionalRequestConflict", "", "unavailable/storage_unavailable"],
  [301, "PermanentRedirect", "", "usage/storage_region"],
  [416, "InvalidRange", "", "corrupt/storage_torn"],
  [429, undefined, "", "unavailable/storage_unavailable"],
  [503, "SlowDown", "", "unavailable/storage_unavailable"],
  [400, "RequestTimeout", "", "unavailable/storage_unavailable"],
  [500, undefined, "", "unavailable/storage_unavailable"],
  [501, "NotImplemented", "", "unsupported/storage_refused"],
  [507, undefined, "", "unavailable/storage_full"],
  [403, "QuotaExceeded", "", "unavailable/storage_full"],
  [418, "constructor", "", "unsupported/storage_refused"],
];
for (const [status, code, words, meaning] of cases) {
  test(`answerError() makes ${meaning} of ${status} ${code ?? "without a code"} ${words}`, () => {
    const error = answered(status, code, words);
    assert.equal(`${error.kind}/${error.code}`, meaning);
  });
}

test("answerError() names the action, the place and the state, and keeps the server's words apart", () => {
  const error = answered(403, "AccessDenied", `Access\n&#27; ${"x".repeat(1_000)}`, { "x-amz-request-id": "R1" });
  assert.equal(error.message, 'Cannot put "a" in "s3://bucket": the credentials do not allow it');
  assert.deepEqual(error.details, { status: 403, s3Code: "AccessDenied", answer: `Access ${"x".repeat(293)}`, requestId: "R1" });
});

test("answerError() takes an empty 404, and the content of a delete marker, for an object that is not there", () => {
  const head = answerError(attempt, { status: 404, headers: {}, body: new Uint8Array(0), nowMs });
  const marker = answered(405, "MethodNotAllowed", "", { "x-amz-delete-marker": "true" });
  assert.deepEqual([head.code, marker.code], ["object_not_found", "object_not_found"]);
});

test("answerError() reads Retry-After as seconds and as a date", () => {
  const retryAfter = (text: string): unknown => answered(503, "SlowDown", "", { "retry-after": text }).details["retryAfterMs"];
  assert.equal(retryAfter("7"), 7_000);
  assert.equal(retryAfter("Mon, 12 Oct 2009 17:51:00 GMT"), 30_000);
  assert.equal(retryAfter("Mon, 12 Oct 2009 17:50:00 GMT"), 0);
  assert.equal(retryAfter("soon"), undefined);
});

test("networkError() says what the system said, and tells timeouts", () => {
  const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  const closed = Object.assign(new Error("other side closed", { cause: refused }), { code: "UND_ERR_SOCKET" });
  const late = Object.assign(new Error("late"), { code: "UND_ERR_HEADERS_TIMEOUT" });
  assert.equal(networkError(attempt, closed).message, 'Cannot put "a" in "s3://bucket": no answer from the server (ECONNREFUSED)');
  assert.equal(networkError(attempt, late).message, 'Cannot put "a" in "s3://bucket": the server did not answer in time');
  const untrusted = networkError(attempt, Object.assign(new Error("tls"), { code: "SELF_SIGNED_CERT_IN_CHAIN" }));
  assert.match(untrusted.hint ?? "", /certificate authority/);
  assert.equal(networkError(attempt, new Error("?")).kind, "unavailable");
  assert.deepEqual([isTimeout(late), isTimeout(refused), isTimeout("late")], [true, false, false]);
});
