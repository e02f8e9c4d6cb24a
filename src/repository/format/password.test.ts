import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { deriveRepositoryPassword } from "./password.ts";

const KEY = new Uint8Array(32).fill(7);
const SALT = new Uint8Array(32).fill(9);

test("deriveRepositoryPassword() is HKDF-SHA-256 for this purpose, as base64url", () => {
  const extracted = createHmac("sha256", SALT).update(KEY).digest();
  const expanded = createHmac("sha256", extracted).update("holdfast repository v1\x01").digest();
  assert.equal(deriveRepositoryPassword(KEY, SALT), expanded.toString("base64url"));
});

test("deriveRepositoryPassword() keeps giving the password that repositories were made with", () => {
  assert.equal(deriveRepositoryPassword(KEY, SALT), "NR_Febk3ZNXlyds9nE0Cu9Vr0Vv3dgnbDqKTkBiN3O8");
});

test("deriveRepositoryPassword() gives another for another key or salt, and takes keys of 32 bytes only", () => {
  const passwords = [
    deriveRepositoryPassword(KEY, SALT),
    deriveRepositoryPassword(SALT, SALT),
    deriveRepositoryPassword(KEY, KEY),
    deriveRepositoryPassword(KEY, SALT.subarray(1)),
  ];
  assert.equal(new Set(passwords).size, passwords.length);
  assert.throws(() => deriveRepositoryPassword(KEY.subarray(1), SALT), RangeError);
});
