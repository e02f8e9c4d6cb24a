import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { test } from "node:test";
import {
  CHOSEN_PASSWORD_PARAMETERS,
  createKeyFile,
  type KeyFile,
  parseKeyFile,
  RANDOM_PASSWORD_PARAMETERS,
  randomMasterKey,
  unlockKeyFile,
} from "./key-file.ts";
import { Cipher } from "./cipher.ts";
import { REPOSITORY_LIMITS } from "./limits.ts";

/** By restic 0.18.1, password "unit", of a repository that is gone. */
const BY_RESTIC =
  '{"created":"2026-11-21T09:43:26.672183357Z","username":"root","hostname":"vm","kdf":"scrypt","N":32768,"r":8,"p":2,' +
  '"salt":"wnNAnjRVaF1HUIFDF1ymE+nNYAaOlwbNPCylmY6mAuvdiajnUOGyiAFKCJPRrNf3940ln+uQvm2qiILr6LsdtQ==",' +
  '"data":"JtWamTg+pJOccKAudgZ1k/TwBvlYzrQXNhbzmcqU2w6OGtXup439+i68U0oKEG3L2L23uCjrBIsWS16kKavxaSEG2rUrZHoOwQ7iKJf1FoV0mCuDnjWU4+aZ' +
  'Sxk81VJYhBSzo2bgOu70ShEqrghlrbVKVZ9TTwe3ReTYF/ICngcM5DxOWJ2jbC92dOg4JMAnk3+8JLDacOlyHIE2nl2Rog=="}';
const CHEAP = { N: 2, r: 1, p: 1 };
const corrupt = { kind: "corrupt", code: "key_file" };

function parse(json: string): KeyFile {
  return parseKeyFile(Buffer.from(json));
}

function withFields(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...(JSON.parse(BY_RESTIC) as object), ...fields });
}

/** A key file whose right password opens this. */
async function sealed(content: string): Promise<KeyFile> {
  const options = { parameters: CHEAP, username: "", hostname: "", createdMs: 0 };
  const file = parseKeyFile(
    await createKeyFile(randomMasterKey(), "p", { ...options, random: (length) => new Uint8Array(length).fill(1) }),
  );
  const derived = scryptSync("p", file.salt, 64, CHEAP);
  const cipher = new Cipher({ encryption: derived.subarray(0, 32), macK: derived.subarray(32, 48), macR: derived.subarray(48) });
  return { ...file, data: cipher.seal(Buffer.from(content)) };
}

test("unlockKeyFile() opens restic's key file with its password, and with no other", async () => {
  const file = parse(BY_RESTIC);
  assert.deepEqual([file.username, file.hostname, file.scrypt], ["root", "vm", { N: 32_768, r: 8, p: 2 }]);
  const key = (await unlockKeyFile(file, "unit")) ?? assert.fail();
  assert.deepEqual([key.encryption.length, key.macK.length, key.macR.length], [32, 16, 16]);
  assert.equal(await unlockKeyFile(file, "Unit"), undefined);
});

test("createKeyFile() writes restic's fields in restic's order, and unlockKeyFile() gives the master key back", async () => {
  const masterKey = randomMasterKey();
  const bytes = await createKeyFile(masterKey, "pässword", { parameters: CHEAP, username: "u", hostname: "h", createdMs: 1_000 });
  const names = Object.keys(JSON.parse(Buffer.from(bytes).toString()) as object);
  assert.deepEqual(names, Object.keys(JSON.parse(BY_RESTIC) as object));
  const file = parseKeyFile(bytes);
  assert.deepEqual([file.created?.text, file.username, file.hostname], ["1970-01-01T00:00:01.000Z", "u", "h"]);
  assert.deepEqual(await unlockKeyFile(file, "pässword"), masterKey);
  assert.equal(await unlockKeyFile(file, "password"), undefined);
  assert.equal(await unlockKeyFile(file, ""), undefined);
});

test("createKeyFile() takes another salt each time", async () => {
  const options = { parameters: CHEAP, username: "", hostname: "", createdMs: 0 };
  const files = [await createKeyFile(randomMasterKey(), "p", options), await createKeyFile(randomMasterKey(), "p", options)];
  assert.equal(new Set(files.map((bytes) => parseKeyFile(bytes).salt.toHex())).size, 2);
});

test("createKeyFile() does not make what parseKeyFile() would refuse", async () => {
  const options = { username: "", hostname: "", createdMs: 0 };
  for (const parameters of [
    { N: 3, r: 1, p: 1 },
    { N: 2 ** 19, r: 8, p: 1 },
  ]) {
    await assert.rejects(createKeyFile(randomMasterKey(), "p", { ...options, parameters }), RangeError);
  }
});

test("The parameters of new key files are restic's or better: its N, its r, and for passwords of people its half second", () => {
  assert.deepEqual(RANDOM_PASSWORD_PARAMETERS, { N: 32_768, r: 8, p: 1 });
  const { N, r, p } = CHOSEN_PASSWORD_PARAMETERS;
  assert.ok(N >= 32_768 && r >= 8 && N * r * p >= 32_768 * 8 * 6);
});

test("parseKeyFile() accepts scrypt's parameters up to the limits and none beyond", () => {
  const accepted = [
    { N: 2 ** 18, r: 8, p: 1 },
    { N: 2 ** 15, r: 1, p: 1 },
    { N: 2 ** 15, r: 8, p: 64 },
    { N: 2, r: 2 ** 20, p: 2 },
    { N: 2, r: 1, p: 1 },
  ];
  for (const parameters of accepted) assert.deepEqual(parse(withFields(parameters)).scrypt, parameters);
  const refused = [
    { N: 2 ** 19, r: 8, p: 1 },
    { N: 2 ** 18, r: 9, p: 1 },
    { N: 2 ** 15, r: 8, p: 65 },
    { N: 2, r: 2 ** 20, p: 3 },
    { N: 2, r: 2 ** 21, p: 1 },
    { N: 2 ** 16, r: 1, p: 1 },
    ...[0, 1, 3, 32_767, 32_769, -32_768, 2 ** 53, 1.5, "32768", null].map((N) => ({ N })),
    ...[0, -1, 1.5, null, 2 ** 31].map((r) => ({ r })),
    ...[0, -1, 1.5, null, 2 ** 31].map((p) => ({ p })),
  ];
  for (const fields of refused) assert.throws(() => parse(withFields(fields)), corrupt, JSON.stringify(fields));
});

test("unlockKeyFile() can do what parseKeyFile() accepts, in the memory that it takes", async () => {
  assert.equal(await unlockKeyFile(parse(withFields({ N: 2, r: 2 ** 12, p: 16 })), "unit"), undefined);
  assert.equal(await unlockKeyFile(parse(withFields({ N: 2 ** 18, r: 8, p: 1 })), "unit"), undefined);
});

test("parseKeyFile() does without what only tells people about the key, as rustic leaves it out", () => {
  const file = parse(withFields({ created: undefined, username: undefined, hostname: null }));
  assert.deepEqual([file.created, file.username, file.hostname], [undefined, "", ""]);
});

test("parseKeyFile() tells a key file that wants another function from a damaged one", () => {
  assert.throws(() => parse(withFields({ kdf: "argon2id", N: 0 })), { kind: "unsupported", code: "key_file_kdf" });
  for (const kdf of ["", null, 5]) assert.throws(() => parse(withFields({ kdf })), corrupt);
});

test("parseKeyFile() refuses files that are too long, not JSON, or whose fields are not what they should be", () => {
  const { keyFileBytes } = REPOSITORY_LIMITS;
  const padded = BY_RESTIC.padEnd(keyFileBytes);
  assert.equal(parse(padded).hostname, "vm");
  for (const json of [`${padded} `, "", "{}", "null", "[]", BY_RESTIC.slice(1), "\xff"]) assert.throws(() => parse(json), corrupt);
  const bad = [
    ...["", "x", "wnNA", "=", "AA==".repeat(20), 5, null].flatMap((text) => [{ salt: text }, { data: text === "wnNA" ? text : 5 }]),
    { salt: Buffer.alloc(63).toString("base64") },
    { salt: Buffer.alloc(65).toString("base64") },
    { data: Buffer.alloc(32).toString("base64") },
    ...["", "yesterday", 5].map((created) => ({ created })),
    { username: 5 },
    { hostname: {} },
  ];
  for (const fields of bad) assert.throws(() => parse(withFields(fields)), corrupt, JSON.stringify(fields));
});

test("unlockKeyFile() refuses a master key that is none, without saying what it read", async () => {
  const [k, r, encrypt] = [16, 16, 32].map((length) => Buffer.alloc(length, 1).toBase64());
  assert.deepEqual((await unlockKeyFile(await sealed(JSON.stringify({ mac: { k, r }, encrypt })), "p"))?.macK, new Uint8Array(16).fill(1));
  const zero = new Uint8Array(16).toBase64();
  const bad = [
    "hunter2",
    "{}",
    JSON.stringify({ mac: { k, r } }),
    JSON.stringify({ mac: { k }, encrypt }),
    JSON.stringify({ mac: { k, r: zero }, encrypt }),
    JSON.stringify({ mac: { k: zero, r }, encrypt }),
    JSON.stringify({ mac: { k, r }, encrypt: new Uint8Array(32).toBase64() }),
    JSON.stringify({ mac: { k: encrypt, r }, encrypt }),
    JSON.stringify({ mac: { k, r }, encrypt: k }),
    JSON.stringify({ mac: [], encrypt }),
  ];
  for (const content of bad) {
    const file = await sealed(content);
    await assert.rejects(
      unlockKeyFile(file, "p"),
      (error: Error & { code?: string }) => error.code === "key_file" && !`${error.message}${String(error.cause)}`.includes("hunter2"),
      content,
    );
  }
});
