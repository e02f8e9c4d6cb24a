import assert from "node:assert/strict";
import { mkdtempDisposable, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { test } from "node:test";
import { inspect } from "node:util";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import type { ExecPlugin, User } from "../access.ts";
import type { CredentialSource } from "./credentials.ts";
import type { PluginTerminal } from "./plugin-run.ts";
import { credentialsOf } from "./user-credentials.ts";

interface Setting {
  readonly clock?: FakeClock;
  readonly terminal?: PluginTerminal;
  readonly signal?: AbortSignal;
}

function source(user: User, { clock = new FakeClock(), terminal, signal = new AbortController().signal }: Setting = {}): CredentialSource {
  return credentialsOf(user, { clock, environment: { PATH: process.env["PATH"] }, terminal }, signal);
}

function plugin(script: string, fields: Partial<ExecPlugin> = {}): User {
  return {
    plugin: {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "sh",
      args: ["-c", script],
      env: {},
      interactive: "IfAvailable",
      cluster: undefined,
      installHint: undefined,
      ...fields,
    },
  };
}

/** A script that prints these credentials. */
function prints(status: object, apiVersion = "client.authentication.k8s.io/v1"): string {
  return `echo '${JSON.stringify({ apiVersion, kind: "ExecCredential", status })}'`;
}

test("credentialsOf() gives what the kubeconfig holds, before a plug-in", async () => {
  const certificate = { cert: "c", key: "k" };
  assert.equal((await source({}).current()).authorization, undefined);
  assert.equal((await source({ token: "t", ...plugin("exit 1") }).current()).authorization, "Bearer t");
  const both = source({ certificate, password: { username: "u", password: "p" } });
  assert.deepEqual([(await both.current()).authorization, (await both.current()).certificate], ["Basic dTpw", certificate]);
  assert.equal(both.refuse(await both.current()), false);
});

test("credentials show no secret when they are inspected or written as JSON", async () => {
  const credentials = await source({ token: "hidden", certificate: { cert: "c", key: "hidden" } }).current();
  assert.ok(!`${inspect(credentials, { depth: 9, showHidden: true })} ${JSON.stringify(credentials)}`.includes("hidden"));
});

test("a token file is read again after a while, and at once after a refusal; the old token holds while it is gone", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-token-"));
  const [tokenFile, clock] = [join(folder.path, "token"), new FakeClock()];
  const credentials = source({ tokenFile, token: "from the config" }, { clock });
  const now = async (): Promise<string | undefined> => (await credentials.current()).authorization;
  assert.equal(await now(), "Bearer from the config");
  await writeFile(tokenFile, "one\n");
  assert.equal(await now(), "Bearer one");
  await writeFile(tokenFile, "two\n");
  assert.equal(await now(), "Bearer one");
  await clock.advance(10_000);
  assert.equal(await now(), "Bearer two");
  await writeFile(tokenFile, "three");
  assert.equal(credentials.refuse(await credentials.current()), true);
  assert.equal(await now(), "Bearer three");
  await rm(tokenFile);
  await clock.advance(10_000);
  assert.equal(await now(), "Bearer three");
  await assert.rejects(source({ tokenFile }).current(), {
    kind: "unauthenticated",
    message: `Cannot read token file "${tokenFile}": ENOENT`,
  });
});

test("a plug-in runs once for all who wait, again when its credentials expire, and again after a refusal", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-plugin-"));
  const clock = new FakeClock();
  const count = join(folder.path, "count");
  const script = `echo >> ${count}; ${prints({ token: "t", expirationTimestamp: "2026-01-01T01:00:00Z" })}`;
  const credentials = source(plugin(script), { clock });
  const runs = async (): Promise<number> => (await readFile(count, "utf8")).length;
  const all = await Promise.all([credentials.current(), credentials.current()]);
  assert.deepEqual([all[0].authorization, all[0] === all[1], await runs()], ["Bearer t", true, 1]);
  await clock.advance(3_589_999);
  assert.deepEqual([await credentials.current(), await runs()], [all[0], 1]);
  assert.equal(credentials.refuse(all[0]), true);
  const renewed = await credentials.current();
  // Refused by a request that was under way meanwhile.
  credentials.refuse(all[0]);
  assert.deepEqual([await credentials.current(), await runs()], [renewed, 2]);
  await clock.advance(1);
  await credentials.current();
  assert.equal(await runs(), 3);
});

test("a plug-in is told about the cluster and gets its variables, and may give a certificate", async () => {
  const status = '{"clientCertificateData":"%s","clientKeyData":"%s"}';
  const script = `printf '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":${status}}' "$CERT" "$(echo "$KUBERNETES_EXEC_INFO" | base64 -w0)"`;
  const fields = { apiVersion: "client.authentication.k8s.io/v1beta1", env: { CERT: "c" }, cluster: { server: "https://x" } } as const;
  const { certificate } = await source(plugin(script, fields)).current();
  assert.equal(certificate?.cert, "c");
  assert.deepEqual(JSON.parse(Buffer.from(certificate.key, "base64").toString()), {
    apiVersion: fields.apiVersion,
    kind: "ExecCredential",
    spec: { interactive: false, cluster: fields.cluster },
  });
});

test("a plug-in may ask at a terminal", async () => {
  const shown: string[] = [];
  const stderr = new Writable({
    write: (chunk, _, done) => {
      shown.push(String(chunk));
      done();
    },
  });
  await source(plugin(`echo "Open this page" >&2; ${prints({ token: "t" })}`), { terminal: { stderr } }).current();
  assert.deepEqual(shown, ["Open this page\n"]);
});

const failures: readonly (readonly [what: string, user: User, message: RegExp])[] = [
  ["fails", plugin("echo hidden; echo 'no session\nlog in' >&2; exit 3"), /"sh": it ended with exit code 3: no session log in$/],
  ["is ended", plugin("kill -9 $$"), /: SIGKILL ended it$/],
  ["is not there", plugin("", { command: "no-such-plugin" }), /"no-such-plugin": there is no such program$/],
  ["prints no JSON", plugin("echo hidden"), /: what it prints is no ExecCredential$/],
  ["prints another kind", plugin(`echo '{"kind":"hidden"}'`), /: what it prints is no ExecCredential$/],
  ["prints null", plugin("echo null"), /: what it prints is no ExecCredential$/],
  ["speaks another version", plugin(prints({ token: "hidden" }, "v1")), /: it does not speak version client\.authentication\.k8s\.io\/v1$/],
  ["gives nothing", plugin(prints({})), /: it gives neither a token nor a certificate$/],
  ["gives half a pair", plugin(prints({ clientKeyData: "hidden" })), /: it gives only one of certificate and key$/],
  ["gives a number", plugin(prints({ token: 5 })), /: "status\.token" is not a text$/],
  ["gives a strange time", plugin(prints({ token: "hidden", expirationTimestamp: "soon" })), /expirationTimestamp" is not a time$/],
  ["prints without end", plugin("yes hidden"), /: it prints more than 1048576 bytes$/],
  ["must ask", plugin("", { interactive: "Always" }), /: it asks for input, and there is no terminal$/],
];
for (const [what, user, message] of failures) {
  test(`a plug-in that ${what} is a clear error without what it printed`, async () => {
    await assert.rejects(source(user).current(), (error: Error) => {
      assert.match(error.message, message);
      assert.ok(
        !inspect(error)
          .replaceAll(/at .*\n/g, "")
          .includes("hidden"),
      );
      return true;
    });
  });
}

test("a plug-in that does not end is ended, and its hint is told", async () => {
  const clock = new FakeClock();
  const running = source(plugin("exec sleep 1000", { installHint: "Install it again" }), { clock }).current();
  const rejected = assert.rejects(running, { code: "kube_plugin", message: /: it did not end within 60 s$/, hint: "Install it again" });
  await clock.advance(60_000);
  await rejected;
});

test("current() stops waiting for a plug-in when its signal aborts, and the plug-in ends with the client", async () => {
  const [closed, mine] = [new AbortController(), new AbortController()];
  const credentials = source(plugin("exec sleep 1000"), { signal: closed.signal });
  const other = assert.rejects(credentials.current(), /closed/);
  const rejected = assert.rejects(credentials.current(mine.signal), /mine/);
  mine.abort(new Error("mine"));
  await rejected;
  closed.abort(new Error("closed"));
  await other;
});
