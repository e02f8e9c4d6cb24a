/** `holdfast storage check` on real stores; src/storage/check.test.ts has those that break their promises. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { openS3Store } from "../../src/storage/s3/store.ts";
import { parseS3Url } from "../../src/storage/s3/url.ts";
import { type Bucket, environment } from "../support/environment.ts";
import { type CommandResult, runProgram } from "../support/program.ts";

const PROGRAM = join(import.meta.dirname, "../../bin/holdfast");

interface CheckJson {
  readonly url: string;
  readonly ok: boolean;
  readonly properties: readonly { readonly property: string; readonly state: string; readonly meaning: string }[];
}

async function check(t: TestContext, { server }: Bucket, ...args: readonly string[]): Promise<CommandResult> {
  const { accessKeyId, secretAccessKey } = server;
  const env = { PATH: process.env["PATH"] ?? "", AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  return runProgram(PROGRAM, ["storage", "check", ...args], { signal: t.signal, env });
}

function urlOf({ server, name }: Bucket): string {
  return `s3://${name}/some/place?endpoint=${server.endpoint}`;
}

function statesOf(result: CommandResult): Readonly<Record<string, string>> {
  return Object.fromEntries((result.json() as CheckJson).properties.map(({ property, state }) => [property, state]));
}

const PROVEN = ["reachable", "credentials", "clock", "put-get", "range", "read-after-write", "create-only", "list", "delete", "cleanup"];
const ALL_OK = Object.fromEntries(PROVEN.map((property) => [property, "ok"]));

async function keysIn(t: TestContext, bucket: Bucket): Promise<string[]> {
  const location = parseS3Url(urlOf(bucket), {});
  await using store = await openS3Store(location, { credentials: () => Promise.resolve(bucket.server), environment: {}, signal: t.signal });
  const all = await Array.fromAsync((store.versions ?? store).list(""));
  return all.map(({ key }) => key);
}

test("a bucket without Object Lock is proven, and left as it was", async (t) => {
  const bucket = await environment(t).bucket();
  const result = await check(t, bucket, urlOf(bucket), "-o", "json");
  assert.equal(result.exitCode, 0, result.stderr);
  assert.deepEqual(statesOf(result), { ...ALL_OK, versions: "not-offered", lock: "not-offered" });
  assert.deepEqual(await keysIn(t, bucket), []);
});

test("a bucket with Object Lock is proven with it, and left as it was", async (t) => {
  const bucket = await environment(t).bucket({ objectLock: true });
  const result = await check(t, bucket, urlOf(bucket), "-o", "json", "--lock");
  assert.equal(result.exitCode, 0, result.stdout + result.stderr);
  assert.deepEqual(statesOf(result), { ...ALL_OK, versions: "ok", lock: "ok" });
  assert.deepEqual(await keysIn(t, bucket), []);
});

test("a folder is proven, and left as it was; Object Lock that is asked for and not there is an error", async (t) => {
  const bucket = await environment(t).bucket();
  const folder = await environment(t).temporaryFolder();
  const result = await check(t, bucket, folder);
  assert.equal(result.exitCode, 0, result.stderr);
  assert.match(result.stdout, /^reachable +ok +It answers$/m);
  assert.match(result.stdout, /^versions +not offered +What is replaced/m);
  assert.deepEqual(await readdir(folder, { recursive: true }), [".unfinished"]);
  const locked = await check(t, bucket, folder, "--lock");
  assert.equal(locked.exitCode, 9);
  assert.match(locked.stdout, /^lock +failed/m);
  assert.match(locked.stderr, /^Cannot prove Object Lock of file:.*: the store does not offer it\n {2}hint: /);
});

test("what is wrong is said in one sentence, with the exit code of its kind", async (t) => {
  const bucket = await environment(t).bucket();
  const { endpoint } = bucket.server;
  const wrongKey = { ...bucket, server: { ...bucket.server, secretAccessKey: "WRONGSECRET" } };
  const cases: readonly (readonly [Bucket, url: string, exitCode: number, RegExp])[] = [
    [bucket, `s3://missing?endpoint=${endpoint}`, 5, /^Cannot open the bucket .*: there is no such bucket$/m],
    [wrongKey, urlOf(bucket), 4, /the server does not accept the credentials$/m],
    [bucket, "s3://a-bucket?endpoint=http://127.0.0.1:9", 7, /\(ECONNREFUSED\)$/m],
    [bucket, "backups", 2, /^Cannot use the URL of a storage: neither an absolute path nor a URL$/m],
    [bucket, import.meta.filename, 5, /^Cannot use file:.*: it is no folder$/m],
    [bucket, "/proc/holdfast", 5, /^Cannot use file:.*: no folder can be made there$/m],
  ];
  for (const [by, url, exitCode, words] of cases) {
    const result = await check(t, by, url);
    assert.equal(result.exitCode, exitCode, `${url}: ${result.stderr}`);
    assert.match(result.stderr, words);
    assert.doesNotMatch(result.stderr + result.stdout, /WRONGSECRET|^\s+at /m);
  }
});

test("a check that is cancelled leaves nothing", async (t) => {
  const bucket = await environment(t).bucket({ objectLock: true });
  const abort = new AbortController();
  const location = parseS3Url(urlOf(bucket), {});
  const { checkStore } = await import("../../src/storage/check.ts");
  await using store = await openS3Store(location, { credentials: () => Promise.resolve(bucket.server), environment: {}, signal: t.signal });
  const checking = checkStore(store, { clock: systemClock, signal: abort.signal });
  const rejected = assert.rejects(checking, /enough/);
  await systemClock.sleep(100, t.signal);
  abort.abort(new Error("enough"));
  await rejected;
  assert.deepEqual(await keysIn(t, bucket), []);
});
