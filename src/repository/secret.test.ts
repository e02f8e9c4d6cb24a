import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { DomainError } from "../base/errors.ts";
import type { HexId } from "../base/ids.ts";
import { newLocationKey, parseSecret, repositoryPassword, secretText } from "./secret.ts";

const IDENTITY = { id: "a".repeat(64) as HexId, salt: new Uint8Array(32).fill(1) };

test("parseSecret() reads what secretText() writes", () => {
  const key = newLocationKey();
  assert.match(secretText(key), /^holdfast-location-1-[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(parseSecret(secretText(key)), { ...key, key: Uint8Array.from(key.key) });
  assert.deepEqual(parseSecret("a password"), { kind: "password", password: "a password" });
  assert.equal(secretText(parseSecret("a password")), "a password");
});

test("newLocationKey() gives another one each time, and takes its bytes from where it is told", () => {
  assert.notDeepEqual(newLocationKey(), newLocationKey());
  assert.deepEqual(
    newLocationKey((length) => new Uint8Array(length).fill(7)),
    { kind: "location-key", key: new Uint8Array(32).fill(7) },
  );
});

test("parseSecret() refuses nothing, and a location's key that was cut or changed, without showing it", () => {
  assert.throws(() => parseSecret(""), { kind: "usage", code: "empty_password" });
  const text = secretText(newLocationKey());
  for (const bad of [text.slice(0, -1), `${text}A`, `${text}\n`, "holdfast-location-1-", text.replace(/.$/, "=")]) {
    assert.throws(
      () => parseSecret(bad),
      (error: unknown) => {
        assert.ok(error instanceof DomainError);
        assert.deepEqual([error.kind, error.code], ["usage", "location_key"]);
        assert.ok(!inspect(error).includes(text.slice(20, 40)));
        return true;
      },
    );
  }
});

test("repositoryPassword() gives each repository of a location another password, and always the same", () => {
  const secret = newLocationKey();
  const first = repositoryPassword(secret, IDENTITY);
  assert.equal(repositoryPassword(secret, IDENTITY), first);
  assert.notEqual(repositoryPassword(secret, { ...IDENTITY, salt: new Uint8Array(32).fill(2) }), first);
  assert.notEqual(repositoryPassword(newLocationKey(), IDENTITY), first);
});

test("repositoryPassword() gives a password as it is, and none without a salt", () => {
  assert.equal(repositoryPassword({ kind: "password", password: "p" }, undefined), "p");
  assert.throws(() => repositoryPassword(newLocationKey(), undefined), { kind: "usage", code: "location_key_without_salt" });
});
