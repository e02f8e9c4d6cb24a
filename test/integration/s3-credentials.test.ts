/** Credentials from AWS's own places, given by servers on loopback that answer as those of AWS do. */
import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { environment } from "../support/environment.ts";
import { runProgram } from "../support/program.ts";

const SOURCES = pathToFileURL(join(import.meta.dirname, "../../src/")).href;
const EXPIRES = "2099-01-02T03:04:05Z";
const KEYS = { AccessKeyId: "ASIAKEY", SecretAccessKey: "TOPSECRET", Token: "SESSION", Expiration: EXPIRES };

/** What a program finds that runs with this environment alone, and whether it loaded AWS's client for that. */
const PROGRAM = `
import { createRequire } from "node:module";
import { errorText } from "${SOURCES}base/error-text.ts";
import { inspect } from "node:util";
import "${SOURCES}storage/s3/store.ts";
import { defaultCredentials } from "${SOURCES}storage/s3/credentials.ts";
const found = {};
try {
  const credentials = await defaultCredentials()();
  const { accessKeyId, secretAccessKey, sessionToken, expiresMs } = credentials;
  Object.assign(found, { accessKeyId, secretAccessKey, sessionToken, expiresMs, shown: inspect(credentials) });
} catch (error) {
  Object.assign(found, { kind: error.kind, code: error.code, error: errorText(error) });
}
found.clientLoaded = Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes("@aws-sdk"));
console.log(JSON.stringify(found));
`;

interface Outcome {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly expiresMs?: number;
  readonly shown?: string;
  readonly kind?: string;
  readonly code?: string;
  readonly error?: string;
  readonly clientLoaded: boolean;
}

async function find(t: TestContext, env: Readonly<Record<string, string>>): Promise<Outcome> {
  const home = await environment(t).temporaryFolder();
  const own = { HOME: home, PATH: process.env["PATH"] ?? "", AWS_EC2_METADATA_DISABLED: "true", NODE_NO_WARNINGS: "1", ...env };
  const run = await runProgram(process.execPath, ["--input-type=module", "--eval", PROGRAM], { signal: t.signal, env: own });
  assert.deepEqual([run.exitCode, run.stderr], [0, ""]);
  return run.json() as Outcome;
}

type Answer = (request: IncomingMessage, body: string) => { readonly status?: number; readonly body: string };

async function serve(t: TestContext, answer: Answer): Promise<string> {
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status = 200, body } = answer(request, await text(request));
    response.writeHead(status).end(body);
  };
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function file(t: TestContext, content: string): Promise<string> {
  const path = join(await environment(t).temporaryFolder(), "file");
  await writeFile(path, content);
  return path;
}

function assertKeys({ shown = "", ...found }: Outcome): void {
  assert.deepEqual(found, {
    accessKeyId: "ASIAKEY",
    secretAccessKey: "TOPSECRET",
    sessionToken: "SESSION",
    expiresMs: Date.parse(EXPIRES),
    clientLoaded: true,
  });
  assert.doesNotMatch(shown, /TOPSECRET|SESSION/);
}

function assertRefused(found: Outcome, error: RegExp): void {
  assert.deepEqual([found.kind, found.code], ["unauthenticated", "storage_credentials"]);
  assert.match(found.error ?? "", error);
}

test("keys in the environment are found without AWS's client", async (t) => {
  const found = await find(t, { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "s" });
  assert.deepEqual([found.accessKeyId, found.clientLoaded], ["AKIA", false]);
});

test("a container, as with EKS Pod Identity, gets the keys of its role", async (t) => {
  const endpoint = await serve(t, ({ url, headers }) =>
    url === "/v1/credentials" && headers.authorization === "pod-token" ? { body: JSON.stringify(KEYS) } : { status: 403, body: "{}" },
  );
  const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}/v1/credentials` };
  assertKeys(await find(t, { ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: await file(t, "pod-token") }));
  const refused = await find(t, { ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: await file(t, "WRONGTOKEN") });
  assertRefused(refused, /Looked at: AWS_ACCESS_KEY_ID .* container credentials: /);
  assert.doesNotMatch(refused.error ?? "", /WRONGTOKEN/);
});

test("a web identity, as with IRSA, gets the keys of its role", async (t) => {
  const endpoint = await serve(t, (_request, body) => {
    const asked = new URLSearchParams(body);
    if (asked.get("WebIdentityToken") !== "jwt" || asked.get("RoleArn") !== "arn:aws:iam::123456789012:role/backup") {
      const error = "<Error><Code>InvalidIdentityToken</Code><Message>No OpenIDConnect provider found</Message></Error>";
      return { status: 400, body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${error}</ErrorResponse>` };
    }
    const keys =
      `<AccessKeyId>ASIAKEY</AccessKeyId><SecretAccessKey>TOPSECRET</SecretAccessKey><SessionToken>SESSION</SessionToken>` +
      `<Expiration>${EXPIRES}</Expiration>`;
    const result = `<AssumeRoleWithWebIdentityResult><Credentials>${keys}</Credentials></AssumeRoleWithWebIdentityResult>`;
    const xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";
    return { body: `<AssumeRoleWithWebIdentityResponse xmlns="${xmlns}">${result}</AssumeRoleWithWebIdentityResponse>` };
  });
  const env = { AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/backup", AWS_ENDPOINT_URL_STS: endpoint };
  assertKeys(await find(t, { ...env, AWS_WEB_IDENTITY_TOKEN_FILE: await file(t, "jwt") }));
  const refused = await find(t, { ...env, AWS_WEB_IDENTITY_TOKEN_FILE: await file(t, "WRONGTOKEN") });
  assertRefused(refused, /; AWS_WEB_IDENTITY_TOKEN_FILE: InvalidIdentityToken.*: No OpenIDConnect provider found$/m);
  assert.doesNotMatch(refused.error ?? "", /WRONGTOKEN/);
  assertRefused(await find(t, { ...env, AWS_WEB_IDENTITY_TOKEN_FILE: "/nowhere" }), /AWS_WEB_IDENTITY_TOKEN_FILE: ENOENT/);
});

test("an instance gets the keys of its profile from its metadata", async (t) => {
  const endpoint = await serve(t, ({ url, method, headers }) => {
    const path = "/latest/meta-data/iam/security-credentials/";
    if (method === "PUT" && url === "/latest/api/token") return { body: "imds-token" };
    if (headers["x-aws-ec2-metadata-token"] !== "imds-token") return { status: 401, body: "" };
    if (url === path) return { body: "role" };
    if (url === `${path}role`) return { body: JSON.stringify({ ...KEYS, Code: "Success", Type: "AWS-HMAC" }) };
    return { status: 404, body: "" };
  });
  assertKeys(await find(t, { AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint }));
});

test("a profile may name a program that gives the keys, whose words are not repeated when it fails", async (t) => {
  const program = await file(t, `#!/bin/sh\necho '${JSON.stringify({ ...KEYS, SessionToken: KEYS.Token, Version: 1 })}'\n`);
  const failing = await file(t, "#!/bin/sh\necho LEAKED >&2\nexit 1\n");
  await Promise.all([program, failing].map((path) => chmod(path, 0o700)));
  const AWS_CONFIG_FILE = await file(
    t,
    `[default]\ncredential_process = ${program}\n[profile bad]\ncredential_process = ${failing} --password LEAKED\n`,
  );
  assertKeys(await find(t, { AWS_CONFIG_FILE }));
  const refused = await find(t, { AWS_CONFIG_FILE, AWS_PROFILE: "bad" });
  assertRefused(refused, /profile "bad": its credential_process failed$/m);
  assert.doesNotMatch(refused.error ?? "", /LEAKED/);
});

test("where there is nothing, the error says where it looked", async (t) => {
  assertRefused(
    await find(t, {}),
    /Looked at: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; .*; profile "default": it is not there, or has no credentials$/m,
  );
  assertRefused(await find(t, { AWS_PROFILE: "mine" }), /; profile "mine": it is not there, or has no credentials$/m);
  const nobody = { AWS_EC2_METADATA_DISABLED: "", AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:9" };
  assertRefused(await find(t, nobody), /; instance metadata: .*Unable to connect/m);
});
