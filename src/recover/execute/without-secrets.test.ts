import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutSecrets } from "./without-secrets.ts";

test("withoutSecrets() takes values of a Secret out of what a webhook says, encoded or not", () => {
  const secret = { kind: "Secret", data: { p: Buffer.from("hunter2").toString("base64") }, stringData: { q: "xyzzy plugh" } };
  const words = `denied: hunter2 and ${secret.data.p} and xyzzy plugh are weak`;
  assert.equal(withoutSecrets(words, secret), "denied: … and … and … are weak");
});

test("withoutSecrets() leaves words about other kinds, and values too short to be secret", () => {
  assert.equal(withoutSecrets("denied: hunter2", { kind: "ConfigMap", data: { p: "hunter2" } }), "denied: hunter2");
  assert.equal(withoutSecrets("denied: a b", { kind: "Secret", data: { p: "YQ==" } }), "denied: a b");
});
