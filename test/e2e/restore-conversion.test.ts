import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { isJsonObject, type JsonObject, objectIn } from "../../src/kube/json.ts";
import { comparableObjects } from "../support/comparable.ts";
import { startConversionWebhook } from "../support/conversion-webhook.ts";
import { widgetDefinition } from "../support/every-kind.ts";
import { configMap } from "../support/kube.ts";
import { succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { restored, restoreWorld } from "../support/restore-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;
/** What v1 calls `host` is `address` in v2, in spec and status. */
const FIELDS: Readonly<Record<string, string>> = { v1: "host", v2: "address" };

function convert(object: JsonObject, apiVersion: string): JsonObject {
  const field = FIELDS[apiVersion.slice(apiVersion.indexOf("/") + 1)] ?? "";
  const renamed = (part: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(part).map(([name, value]) => [Object.values(FIELDS).includes(name) ? field : name, value]));
  const parts = ["spec", "status"].filter((part) => isJsonObject(object[part]));
  return { ...object, apiVersion, ...Object.fromEntries(parts.map((part) => [part, renamed(objectIn(object, part))])) };
}

test("custom resources that a webhook converts come back, in every version, with fields that no schema knows", { skip }, async (t) => {
  const group = `${randomBytes(4).toString("hex")}.example.com`;
  const world = await restoreWorld(t, async () => [configMap("settings")]);
  const { cluster, api, cli, namespace, destroy } = world;
  const { conversion, converted } = await startConversionWebhook(t, cluster, convert);
  const definition = widgetDefinition(group) as { readonly spec: object };
  const crd = `crd/widgets.${group}`;
  await cluster.apply({ ...definition, spec: { ...definition.spec, conversion } });
  t.after(() => cluster.kubectl("delete", crd, "--wait=false", "--ignore-not-found"));
  await cluster.waitFor(crd, "condition=Established");
  const widget = (version: string, name: string, content: object): object => {
    return { apiVersion: `${group}/${version}`, kind: "Widget", metadata: { name }, ...content };
  };
  const marked = { metadata: { name: "marked", annotations: { "velero.io/restore-status": "true" } } };
  const unknown = { to: ["anybody"], large: 1 };
  await cluster.apply(
    widget("v1", "older", { spec: { host: "a.example.com", unknown } }),
    widget("v2", "newer", { spec: { address: "b.example.com", unknown } }),
    widget("v1", "marked", { ...marked, spec: { host: "c.example.com" } }),
  );
  for (const name of ["older", "marked"]) {
    const status = `--patch=${JSON.stringify({ status: { host: "192.0.2.1", unknown } })}`;
    await cluster.kubectl("patch", `widgets.v1.${group}/${name}`, "--subresource=status", "--type=merge", status);
  }
  /** Name, spec and status of all of them, as a version has them. */
  const widgets = async (version: string, place: string): Promise<unknown> => {
    const list = await cluster.kubectl("get", `widgets.${version}.${group}`, `--namespace=${place}`, "--output=json");
    const { items } = JSON.parse(list) as { items: { metadata: { name: string }; spec: unknown; status?: unknown }[] };
    return items.map(({ metadata, spec, status }) => ({ name: metadata.name, spec, status }));
  };
  const expected = (field: string): unknown => [
    { name: "marked", spec: { [field]: "c.example.com" }, status: { [field]: "192.0.2.1", unknown } },
    { name: "newer", spec: { [field]: "b.example.com", unknown }, status: undefined },
    // Its controller writes it anew.
    { name: "older", spec: { [field]: "a.example.com", unknown }, status: undefined },
  ];
  const before = await comparableObjects(api, namespace);
  succeeded(await cli.run("backup", namespace));
  const assertRestored = async (place: string): Promise<void> => {
    assert.deepEqual(await widgets("v1", place), expected("host"));
    assert.deepEqual(await widgets("v2", place), expected("address"));
    assert.deepEqual(await comparableObjects(api, place), before);
  };

  const copy = world.other("copy");
  const copied = await restored(world, namespace, "--to-namespace", copy);
  assert.equal(copied.failed, 0, JSON.stringify(copied.findings));
  await assertRestored(copy);

  await destroy();
  const result = await restored(world, namespace);
  assert.equal(result.failed, 0, JSON.stringify(result.findings));
  await assertRestored(namespace);

  await destroy();
  await cluster.kubectl("delete", crd);
  const convertedBefore = converted();
  const anew = await restored(world, namespace);
  assert.equal(anew.failed, 0, JSON.stringify(anew.findings));
  await assertRestored(namespace);
  assert.ok(converted() > convertedBefore, "the definition came back with its webhook");
});
