import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { errorJson } from "../../base/error-text.ts";
import type { ClusterAccess } from "../access.ts";
import { loadAccess } from "./load.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/** Loads from files of these texts, in the order of their names. */
async function load(files: Readonly<Record<string, string>>, context?: string): Promise<ClusterAccess & { readonly folder: string }> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-kubeconfig-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
  const paths = Object.keys(files).filter((name) => !name.endsWith(".pem"));
  const environment = { KUBECONFIG: paths.map((name) => join(folder.path, name)).join(":") };
  return { ...(await loadAccess({ environment, context, home: folder.path })), folder: folder.path };
}

/** A kubeconfig with one of everything, named as given, and these fields in cluster and user. */
function config(name: string, cluster: object = {}, user: object = {}): string {
  return JSON.stringify({
    "current-context": name,
    clusters: [{ name, cluster: { server: `https://${name}:6443`, ...cluster } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: `${name}-ns` } }],
    users: [{ name, user }],
  });
}

test("loadAccess() gives what the current context names, and the defaults", async () => {
  const { folder: _, ...access } = await load({ a: config("one", { server: "https://one:6443/base/" }, { token: "t" }) });
  assert.deepEqual(access, {
    origin: 'context "one"',
    server: "https://one:6443/base",
    trust: { ca: undefined, serverName: undefined, isInsecure: false },
    proxy: undefined,
    user: { certificate: undefined, token: "t", tokenFile: undefined, password: undefined, plugin: undefined },
    impersonation: undefined,
    clusterName: "one",
    namespace: "one-ns",
  });
  const yaml = "contexts: [{name: a, context: {cluster: c}}]\ncurrent-context: a\nclusters:\n- name: c\n  cluster:\n    server: http://h\n";
  assert.deepEqual([(await load({ yaml })).namespace, (await load({ yaml })).user], ["default", {}]);
});

test("loadAccess() puts files together: the first counts for each name and for the current context", async () => {
  const files = { a: config("one", {}, { token: "first" }), b: config("one", {}, { username: "u", token: "second" }), c: config("two") };
  const access = await load(files);
  assert.deepEqual([access.server, access.user.token, access.user.password], ["https://one:6443", "first", undefined]);
  assert.equal((await load(files, "two")).server, "https://two:6443");
  const split = { a: '{"current-context": "two"}', empty: "", b: config("one"), c: config("two") };
  assert.equal((await load(split)).server, "https://two:6443");
});

test("loadAccess() reads certificates from data before files, and files from where the kubeconfig lies", async () => {
  const data = Buffer.from(PEM).toString("base64");
  const cluster = { "certificate-authority": "ca.pem", "tls-server-name": "api", "proxy-url": "http://proxy:3128" };
  const user = { "client-certificate": "missing.pem", "client-certificate-data": data, "client-key": "key.pem", tokenFile: "token" };
  const access = await load({ a: config("one", cluster, user), "ca.pem": PEM, "key.pem": `${PEM}key` });
  assert.deepEqual(access.trust, { ca: PEM, serverName: "api", isInsecure: false });
  assert.deepEqual(access.user.certificate, { cert: PEM, key: `${PEM}key` });
  assert.deepEqual([access.user.tokenFile, access.proxy], [join(access.folder, "token"), "http://proxy:3128"]);
});

test("loadAccess() gives plug-ins and whom to act as", async () => {
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "./bin/plugin",
    args: ["a"],
    env: [{ name: "E", value: "1" }],
    interactiveMode: "Never",
    provideClusterInfo: true,
    installHint: "Install it",
  };
  const extensions = [
    { name: "client.authentication.k8s.io/exec", extension: { audience: "x" } },
    { name: "other", extension: 1 },
  ];
  const user = { exec, as: "jane", "as-uid": "7", "as-groups": ["g"], "as-user-extra": { scopes: ["s", "t"] } };
  const { folder, ...access } = await load({ a: config("one", { extensions }, user) });
  assert.deepEqual(access.user.plugin, {
    apiVersion: "client.authentication.k8s.io/v1",
    command: join(folder, "bin/plugin"),
    args: ["a"],
    env: { E: "1" },
    interactive: "Never",
    cluster: { server: "https://one:6443", config: { audience: "x" } },
    installHint: "Install it",
  });
  assert.deepEqual(access.impersonation, { user: "jane", uid: "7", groups: ["g"], extra: { scopes: ["s", "t"] } });
});

test("loadAccess() takes the service account of the pod where there is no kubeconfig", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-pod-"));
  const environment = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  const options = { environment, home: folder.path, serviceAccountFolder: join(folder.path, "account") };
  await assert.rejects(loadAccess(options), { code: "service_account", message: /ca\.crt" cannot be read \(ENOENT\)$/ });
  await mkdir(options.serviceAccountFolder);
  for (const [name, text] of [
    ["ca.crt", PEM],
    ["namespace", "ns\n"],
    ["token", "t"],
  ] as const)
    await writeFile(join(options.serviceAccountFolder, name), text);
  const access = await loadAccess(options);
  assert.deepEqual([access.server, access.namespace, access.trust.ca], ["https://[fd00::1]:443", "ns", PEM]);
  assert.equal(access.user.tokenFile, join(options.serviceAccountFolder, "token"));
  await assert.rejects(loadAccess({ ...options, environment: {} }), { code: "kubeconfig_missing", message: /and this is no pod$/ });
});

const SECRET = "hunter2";
const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "x", interactiveMode: "Never" };
const refusals: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ["text that is not YAML", `users: [\n  token: ${SECRET}\n b`, /: it is not YAML \(line 3, column 3\)$/],
  ["aliases", `a: &a ${SECRET}\nb: *a`, /: it is not YAML/],
  ["a list", "[]", /: it is not a mapping$/],
  ["an entry with no name", "users: [{user: {}}]", /: "users\[0\]\.name" is missing$/],
  ["a number for a token", config("a", {}, { token: 5_678_901 }), /: "users\[0\]\.user\.token" is not a text$/],
  [
    "a word for a flag",
    config("a", { "insecure-skip-tls-verify": "maybe" }),
    /"clusters\[0\]\.cluster\.insecure-skip-tls-verify" is neither/,
  ],
  ["no server", config("a", { server: "" }), /"clusters\[0\]\.cluster\.server" is missing$/],
  [
    "a server that is no URL",
    config("a", { server: "host:6443" }),
    /cluster\.server" is not a URL that begins with https:\/\/ or http:\/\/$/,
  ],
  ["data that is not base64", config("a", { "certificate-authority-data": SECRET + "!" }), /authority-data" is not text in base64$/],
  ["data that is not PEM", config("a", {}, { "client-certificate-data": "aGk=" }), /client-certificate-data" is not in PEM form$/],
  [
    "a file that is not there",
    config("a", { "certificate-authority": "no.pem" }),
    /authority" names ".*no\.pem", which cannot be read \(ENOENT\)$/,
  ],
  [
    "a certificate with no key",
    config("a", {}, { "client-certificate-data": btoa(PEM) }),
    /client-key" is missing beside the certificate$/,
  ],
  [
    "an authority nobody looks at",
    config("a", { "insecure-skip-tls-verify": true, "certificate-authority-data": btoa(PEM) }),
    /is set beside/,
  ],
  ["a SOCKS proxy", config("a", { "proxy-url": `socks5://u:${SECRET}@h` }), /: SOCKS proxies are not supported$/],
  ["an auth-provider", config("a", {}, { "auth-provider": { name: "gcp" } }), /auth-provider is no longer part of Kubernetes$/],
  ["an old plug-in", config("a", {}, { exec: { ...exec, apiVersion: "v1alpha1" } }), /exec\.apiVersion" is none of client/],
  ["a plug-in with no command", config("a", {}, { exec: { ...exec, command: "" } }), /exec\.command" is missing$/],
  ["a plug-in with no mode", config("a", {}, { exec: { ...exec, interactiveMode: "" } }), /exec\.interactiveMode" is missing$/],
  ["groups of nobody", config("a", {}, { "as-groups": ["g"] }), /user\.as" is missing beside its uid, groups or extra$/],
  [
    "no cluster of the name",
    config("a").replace('"clusters"', '"other"'),
    /"contexts\[0\]\.context\.cluster" names "a", which is not there$/,
  ],
  ["no user of the name", config("a").replace('"users"', '"other"'), /"contexts\[0\]\.context\.user" names "a", which is not there$/],
  ["no current context", config("a").replace('"current-context"', '"other"'), /: the kubeconfig has no current context$/],
];
for (const [what, text, message] of refusals) {
  test(`loadAccess() refuses ${what}, and repeats no secret`, async () => {
    await assert.rejects(load({ a: text }), (error: Error) => {
      assert.match(error.message, message);
      assert.ok(!JSON.stringify(errorJson(error)).includes(SECRET));
      return true;
    });
  });
}

test("loadAccess() names the contexts that there are", async () => {
  await assert.rejects(load({ a: config("one"), b: config("two") }, "three"), {
    kind: "not-found",
    code: "context_not_found",
    message: /^Cannot use context "three": there is none of that name in "/,
    hint: 'There are "one", "two"',
  });
});
