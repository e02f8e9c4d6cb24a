import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { type Credentials, type CredentialSource, defaultCredentials, hideSecrets, rememberCredentials } from "./credentials.ts";

let folder: string;
let file: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "credentials-"));
  file = join(folder, "credentials");
  await writeFile(
    file,
    "# keys\n[default]\naws_access_key_id = FILEKEY\naws_secret_access_key=s=cr/et+\n\n[ other ]\r\nAWS_Access_Key_ID=O\r\n" +
      ";x=y\r\naws_secret_access_key = o2\r\naws_session_token = t\r\n[half]\naws_access_key_id=H\n",
  );
});
after(() => rm(folder, { recursive: true }));

function plain({ accessKeyId, secretAccessKey, sessionToken }: Credentials): Credentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

test("defaultCredentials() takes the environment before the file", async () => {
  const environment = { AWS_ACCESS_KEY_ID: "E", AWS_SECRET_ACCESS_KEY: "s", AWS_SESSION_TOKEN: "t", AWS_SHARED_CREDENTIALS_FILE: file };
  assert.deepEqual(plain(await defaultCredentials(environment)()), { accessKeyId: "E", secretAccessKey: "s", sessionToken: "t" });
});

test("defaultCredentials() reads the profile of the shared file", async () => {
  const environment = { AWS_SHARED_CREDENTIALS_FILE: file };
  assert.deepEqual(plain(await defaultCredentials(environment)()), { accessKeyId: "FILEKEY", secretAccessKey: "s=cr/et+" });
  const other = await defaultCredentials({ ...environment, AWS_PROFILE: "other" })();
  assert.deepEqual(plain(other), { accessKeyId: "O", secretAccessKey: "o2", sessionToken: "t" });
});

test("defaultCredentials() lists what it looked at when there is nothing", async () => {
  const missing = join(folder, "nothing");
  const cases = [
    [
      { AWS_SHARED_CREDENTIALS_FILE: missing },
      `AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; "${missing}" cannot be read (ENOENT)`,
    ],
    [{ AWS_ACCESS_KEY_ID: "E", AWS_PROFILE: "none" }, `AWS_SECRET_ACCESS_KEY is not set; "${file}" has no profile "none"`],
    [{ AWS_PROFILE: "half" }, `AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; profile "half" of "${file}" has no key`],
  ] as const;
  for (const [environment, lookedAt] of cases) {
    await assert.rejects(defaultCredentials({ AWS_SHARED_CREDENTIALS_FILE: file, ...environment })(), {
      kind: "unauthenticated",
      code: "storage_credentials",
      hint: `Looked at: ${lookedAt}`,
    });
  }
});

test("hideSecrets() keeps secrets out of inspected objects and JSON", () => {
  const hidden = hideSecrets({ accessKeyId: "KEY", secretAccessKey: "SECRET", sessionToken: "TOKEN" });
  assert.equal(hidden.secretAccessKey + hidden.sessionToken, "SECRETTOKEN");
  for (const shown of [inspect(hidden, { showHidden: true, depth: 9 }), JSON.stringify(hidden), JSON.stringify({ ...hidden })]) {
    assert.match(shown, /KEY/);
    assert.doesNotMatch(shown, /SECRET|TOKEN/);
  }
});

interface Remembered {
  readonly source: CredentialSource;
  readonly idAt: (ms: number) => Promise<string>;
  answer: () => Promise<Credentials>;
  asked: number;
}

function remembered(): Remembered {
  const clock = new FakeClock(0);
  const it: Remembered = {
    source: rememberCredentials(async () => {
      it.asked++;
      return it.answer();
    }, clock),
    idAt: async (ms) => {
      await clock.advance(ms - clock.now());
      return (await it.source()).accessKeyId;
    },
    answer: () => Promise.resolve({ accessKeyId: `K${it.asked}`, secretAccessKey: "s" }),
    asked: 0,
  };
  return it;
}

test("rememberCredentials() asks again after five minutes for keys that do not expire", async () => {
  const { idAt } = remembered();
  assert.deepEqual([await idAt(0), await idAt(299_999), await idAt(300_000)], ["K1", "K1", "K2"]);
});

test("rememberCredentials() renews others five minutes before they expire, and keeps them until then if that fails", async () => {
  const it = remembered();
  it.answer = () => Promise.resolve({ accessKeyId: `K${it.asked}`, secretAccessKey: "s", expiresMs: 3_600_000 * it.asked });
  assert.deepEqual([await it.idAt(0), await it.idAt(3_299_999), await it.idAt(3_300_000)], ["K1", "K1", "K2"]);
  const failure = new Error("no answer");
  it.answer = () => Promise.reject(failure);
  assert.deepEqual([await it.idAt(6_900_000), await it.idAt(6_900_001)], ["K2", "K2"]);
  assert.equal(it.asked, 3);
  assert.equal(await it.idAt(7_199_999), "K2");
  assert.equal(it.asked, 4);
  await assert.rejects(it.idAt(7_230_000), failure);
});

test("rememberCredentials() asks once for many requests, and an aborted one does not spoil it for the others", async () => {
  const it = remembered();
  const { promise, resolve } = Promise.withResolvers<Credentials>();
  it.answer = () => promise;
  const reason = new Error("stop");
  const abort = new AbortController();
  const [first, second] = [it.source(abort.signal), it.source()];
  abort.abort(reason);
  await assert.rejects(first, reason);
  resolve({ accessKeyId: "K", secretAccessKey: "s" });
  assert.equal((await second).accessKeyId, "K");
  assert.equal(it.asked, 1);
});
