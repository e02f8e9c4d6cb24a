import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Claims } from "../../src/application/claims.ts";
import { discoverUnits } from "../../src/application/discovery/discover.ts";
import { findTarget, type Target } from "../../src/application/discovery/find-target.ts";
import { MembershipRules } from "../../src/application/membership.ts";
import { tableOf } from "../../src/application/testing/table.ts";
import type { DeclaredUnit } from "../../src/application/unit.ts";
import type { Finding } from "../../src/base/finding.ts";
import type { JsonObject } from "../../src/kube/json.ts";
import { objectServer, type ObjectServerOptions } from "../support/object-server.ts";

const table = tableOf([
  "v1 ConfigMap configmaps",
  "v1 Namespace namespaces cluster",
  "v1 Secret secrets",
  "apps/v1 Deployment deployments",
]);

const namespaceOf = (name: string): JsonObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name, uid: name } });
const part = (kind: string, namespace: string, name: string, partOf: string): JsonObject => ({
  apiVersion: kind === "Deployment" ? "apps/v1" : "v1",
  kind,
  metadata: { namespace, name, uid: `${kind}-${namespace}-${name}`, labels: { "app.kubernetes.io/part-of": partOf } },
});
const instance = (namespace: string, name: string): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace, name, uid: `${namespace}-${name}`, labels: { "app.kubernetes.io/instance": name } },
});

const OBJECTS = [
  ...["shop", "mail", "twice"].map(namespaceOf),
  part("Deployment", "shop", "web", "shop"),
  part("ConfigMap", "shop", "wiki", "wiki"),
  part("ConfigMap", "mail", "wiki", "wiki"),
  part("Secret", "mail", "smtp", "smtp"),
  instance("mail", "smtp"),
];
const declared: readonly DeclaredUnit[] = [
  { kind: "declared", name: "twice", namespaces: ["shop"], selector: "a=b" },
  { kind: "declared", name: "wiki", namespaces: ["mail"], selector: "app.kubernetes.io/part-of=wiki" },
];

interface Asked {
  readonly namespace?: string;
  readonly units?: readonly DeclaredUnit[];
}

async function find(t: TestContext, name: string, { namespace, units = [] }: Asked = {}): Promise<string> {
  const api = await objectServer(t, table, OBJECTS);
  const rules = new MembershipRules(table, new Claims(units));
  const report = (): void => assert.fail("nothing is hidden");
  const { unit, view }: Target = await findTarget(api, rules, units, name, { namespace, report });
  return view === undefined ? `${unit.kind} ${unit.name}` : `${view.foundBy} ${view.name} in ${view.namespace}`;
}

test("a name means a unit, or what is found in one if there is no unit of that name", async (t) => {
  assert.equal(await find(t, "shop"), "namespace shop");
  assert.equal(await find(t, "cluster"), "cluster cluster");
  assert.equal(await find(t, "part-of/smtp"), "part-of smtp in mail");
  assert.equal(await find(t, "part-of/shop"), "part-of shop in shop");
  assert.equal(await find(t, "wiki", { units: declared }), "declared wiki");
});

test("with a namespace a name means what is found in it", async (t) => {
  assert.equal(await find(t, "shop", { namespace: "shop" }), "part-of shop in shop");
  assert.equal(await find(t, "namespace/shop", { namespace: "shop" }), "namespace shop");
  assert.equal(await find(t, "wiki", { namespace: "mail" }), "part-of wiki in mail");
  assert.equal(await find(t, "mail", { namespace: "mail" }), "namespace mail");
});

test("a name that several have is refused, and names them as they can be told apart", async (t) => {
  const refused = (names: string): object => ({ kind: "usage", code: "app_ambiguous", message: new RegExp(`there are ${names}$`) });
  await assert.rejects(find(t, "wiki"), refused('"part-of/wiki --namespace shop", "part-of/wiki --namespace mail"'));
  await assert.rejects(find(t, "smtp"), refused('"instance/smtp --namespace mail", "part-of/smtp --namespace mail"'));
  await assert.rejects(find(t, "twice", { units: declared }), refused('"namespace/twice", "declared/twice"'));
  assert.equal(await find(t, "declared/twice", { units: declared }), "declared twice");
});

test("a name that nobody has is answered with those that are like it", async (t) => {
  const error = { kind: "not-found", code: "app_not_found", hint: /"part-of\/smtp --namespace mail"/ };
  await assert.rejects(find(t, "smt"), error);
  await assert.rejects(find(t, "nothing"), { code: "app_not_found", hint: 'Run "holdfast app list" to see what there is' });
  await assert.rejects(find(t, "web", { namespace: "none" }), { kind: "not-found", code: "namespace_not_found" });
});

async function discovered(t: TestContext, server: ObjectServerOptions, namespace?: string): Promise<readonly [string, readonly Finding[]]> {
  const api = await objectServer(t, table, OBJECTS, server);
  const rules = new MembershipRules(table, new Claims(declared));
  const findings: Finding[] = [];
  const report = (finding: Finding): unknown => findings.push(finding);
  const units = await discoverUnits(api, rules, declared, { namespace, report });
  return [units.map(({ unit, counts, views }) => `${unit.name}:${counts?.objects ?? "-"}:${views.length}`).join(" "), findings];
}

test("all units are found, and what a declared one has taken is not counted twice", async (t) => {
  assert.deepEqual(await discovered(t, {}), ["shop:2:2 mail:2:2 twice:0:0 twice:0:0 wiki:1:0 cluster:-:0", []]);
  assert.deepEqual((await discovered(t, {}, "mail"))[0], "mail:2:2 wiki:1:0");
});

test("a kind that may not be listed is a finding, and the others are listed", async (t) => {
  const [units, findings] = await discovered(t, { forbidden: "/secrets" });
  assert.match(units, /^shop:2:2 mail:1:1 /);
  assert.deepEqual(
    findings.map(({ grade, code, object }) => [grade, code, object]),
    [["partial", "kind_forbidden", "secrets"]],
  );
});

test("without the right to list namespaces one of them must be named", async (t) => {
  await assert.rejects(discovered(t, { forbidden: "/api/v1/namespaces" }), { kind: "forbidden" });
});
