import assert from "node:assert/strict";
import { test } from "node:test";
import { errorJson, errorText } from "./error-text.ts";
import { DomainError } from "./errors.ts";

const refused = new Error("connect ECONNREFUSED 127.0.0.1:9000");
const unreachable = new DomainError("unavailable", "s3_unreachable", 'Cannot list bucket "a": server does not answer', {
  cause: new Error("request failed", { cause: refused }),
  details: { bucket: "a" },
  hint: "Check the endpoint of the location",
});

test("errorText() shows the message, each cause on a line, and the hint, without a stack", () => {
  assert.equal(
    errorText(unreachable),
    [
      'Cannot list bucket "a": server does not answer',
      "  because: request failed",
      "  because: connect ECONNREFUSED 127.0.0.1:9000",
      "  hint: Check the endpoint of the location",
    ].join("\n"),
  );
});

test("errorText() shows the stack of a bug, where it was thrown", () => {
  const bug = new TypeError("x is not a function");
  assert.equal(errorText(bug), `x is not a function\n${bug.stack}`);
});

test("errorText() says a message once, opens an AggregateError, and ends in a loop of causes", () => {
  const loop = new Error("inner");
  loop.cause = loop;
  assert.equal(errorText(new DomainError("corrupt", "x", "inner", { cause: loop })), "inner");
  const both = new AggregateError([new Error("::1 refused"), new Error("127.0.0.1 refused")]);
  assert.equal(
    errorText(new DomainError("unavailable", "x", "Outer", { cause: both })),
    "Outer\n  because: ::1 refused; 127.0.0.1 refused",
  );
});

test("errorJson() has all facts, and leaves out what is not there", () => {
  assert.deepEqual(errorJson(unreachable), {
    kind: "unavailable",
    code: "s3_unreachable",
    message: 'Cannot list bucket "a": server does not answer',
    reason: "Unavailable",
    retryable: true,
    exitCode: 7,
    hint: "Check the endpoint of the location",
    details: { bucket: "a" },
    causes: ["request failed", "connect ECONNREFUSED 127.0.0.1:9000"],
  });
  const bare = errorJson(new DomainError("not-found", "repository_not_found", "Cannot open"));
  assert.deepEqual(Object.keys(bare), ["kind", "code", "message", "reason", "retryable", "exitCode"]);
});
