import assert from "node:assert/strict";
import { test } from "node:test";
import { answerError, networkError, wasNotDone } from "./failures.ts";

const attempt = { action: 'get secrets "a" in namespace "b"', server: "https://one:6443" };

function answered(status: number, reason: string, fields: object = {}, retryAfter?: string): ReturnType<typeof answerError> {
  const body = JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", reason, message: "words", ...fields });
  return answerError(attempt, { status, retryAfter, body });
}

const named = { details: { name: "a" } };
const cases: readonly (readonly [status: number, reason: string, fields: object, meaning: string, state: string])[] = [
  [401, "Unauthorized", {}, "unauthenticated/kube_credentials", "the server does not accept the credentials"],
  [403, "Forbidden", {}, "forbidden/kube_forbidden", "the server forbids it: words"],
  [404, "NotFound", named, "not-found/kube_not_found", "there is none"],
  [404, "NotFound", {}, "unsupported/kube_not_served", "the server does not serve this kind of resource"],
  [409, "AlreadyExists", named, "conflict/kube_exists", "there is one already"],
  [409, "Conflict", named, "conflict/kube_conflict", "somebody else has changed it, or owns it: words"],
  [410, "Expired", {}, "conflict/kube_expired", "the server no longer has this version of the list"],
  [410, "Gone", {}, "conflict/kube_expired", "the server no longer has this version of the list"],
  [422, "Invalid", named, "usage/kube_invalid", "the server finds it invalid: words"],
  [400, "BadRequest", {}, "usage/kube_invalid", "the server finds it invalid: words"],
  [413, "RequestEntityTooLarge", {}, "usage/kube_too_large", "it is larger than the server takes: words"],
  [429, "TooManyRequests", {}, "unavailable/kube_throttled", "the server asks to slow down"],
  [500, "InternalError", {}, "unavailable/kube_unavailable", "the server cannot do it now: words"],
  [504, "Timeout", {}, "unavailable/kube_unavailable", "the server cannot do it now: words"],
  [405, "MethodNotAllowed", {}, "unsupported/kube_refused", "the server refuses it: words"],
  [418, "constructor", {}, "unsupported/kube_refused", "the server refuses it: words"],
];
for (const [status, reason, fields, meaning, state] of cases) {
  test(`answerError() makes ${meaning} of ${status} ${reason}${fields === named ? " with a name" : ""}`, () => {
    const error = answered(status, reason, fields);
    assert.deepEqual([`${error.kind}/${error.code}`, error.message], [meaning, `Cannot ${attempt.action}: ${state}`]);
  });
}

test("answerError() goes by the number where the answer is no Status", () => {
  const code = (status: number): string => answerError(attempt, { status, body: "<html>proxy</html>" }).code;
  assert.deepEqual([404, 502, 501, 401].map(code), ["kube_not_served", "kube_unavailable", "kube_refused", "kube_credentials"]);
});

test("answerError() names the rule that is missing, and how to give it", () => {
  const words = 'secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "b"';
  const inNamespace = answered(403, "Forbidden", { message: words });
  assert.equal(inNamespace.message, `Cannot ${attempt.action}: missing the right to list "secrets" in namespace "b"`);
  assert.equal(inNamespace.hint, 'Give "jane" a role with apiGroups [""], resources ["secrets"], verbs ["list"]');
  assert.deepEqual(inNamespace.details["rule"], { user: "jane", verb: "list", resource: "secrets", group: "", namespace: "b" });
  const everywhere = 'x is forbidden: User "jane" cannot create resource "pods/exec" in API group "apps" at the cluster scope';
  assert.match(
    answered(403, "Forbidden", { message: everywhere }).message,
    /: missing the right to create "pods\/exec" in the whole cluster$/,
  );
  const path = 'forbidden: User "jane" cannot get path "/apis"';
  assert.match(answered(403, "Forbidden", { message: path }).hint ?? "", /nonResourceURLs \["\/apis"\]/);
});

test("answerError() keeps the causes, and no piece of the body that a decoder quotes", () => {
  const causes = [{ reason: "FieldValueRequired", field: "spec.x", message: "Required\nvalue" }, { field: "spec.y" }];
  assert.deepEqual(answered(422, "Invalid", { details: { causes } }).details["causes"], [
    { reason: "FieldValueRequired", field: "spec.x", message: "Required value" },
    { field: "spec.y" },
  ]);
  const message = 'cannot unmarshal, error found in #10 byte of ...|":"hunter2"|..., bigger context ...|"hunter2"|...';
  const { message: shown, details } = answered(400, "BadRequest", { message });
  assert.deepEqual([shown.endsWith(": cannot unmarshal"), JSON.stringify(details).includes("hunter2")], [true, false]);
});

test("answerError() reads how long to wait from the header or the answer", () => {
  const waits = (header: string | undefined, details: object): unknown =>
    answered(429, "TooManyRequests", { details }, header).details["retryAfterMs"];
  assert.deepEqual(
    [waits("2", { retryAfterSeconds: 5 }), waits(undefined, { retryAfterSeconds: 5 }), waits("x", {})],
    [2_000, 5_000, undefined],
  );
});

test("networkError() says what the system said, and whether the request can have got there", () => {
  const of = (code: string, cause?: Error): ReturnType<typeof networkError> =>
    networkError(attempt, Object.assign(new Error("x", { cause }), { code }));
  const refused = of("ECONNREFUSED");
  assert.equal(refused.message, `Cannot ${attempt.action}: "https://one:6443" does not answer (ECONNREFUSED)`);
  const lost = of("UND_ERR_SOCKET", Object.assign(new Error("y"), { code: "ECONNRESET" }));
  assert.match(lost.message, /ECONNRESET/);
  assert.deepEqual([wasNotDone(refused), wasNotDone(lost), wasNotDone(answered(429, "TooManyRequests"))], [true, false, true]);
  assert.equal(of("SELF_SIGNED_CERT_IN_CHAIN").code, "kube_certificate");
  assert.equal(of("ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REQUIRED").kind, "unavailable");
  assert.equal(
    networkError(attempt, new AggregateError([Object.assign(new Error("z"), { code: "EHOSTUNREACH" })])).code,
    "kube_unreachable",
  );
});
