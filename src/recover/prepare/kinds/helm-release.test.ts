import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { type JsonObject, objectIn, textIn } from "../../../kube/json.ts";
import { prepare } from "../prepare.ts";
import { targetOf } from "../target.ts";
import { pointObject, prepared } from "../testing/captured.ts";

const MOVED = targetOf({ isSameCluster: true, namespaces: new Map([["shop", "store"]]) });
const MANIFEST = `---
# Source: shop/templates/a.yaml
metadata:
  name: a
  namespace: shop
---
subjects:
- namespace: "shop"
  name: shop
  json: {"namespace":"shop", "name": "shop"}
  flow: { kind: Role, namespace: shop }
data:
  text: "namespace: shop"
  other-namespace: shopping
`;

/** As Helm 3 and 4 write it. */
function release(text: string): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "helm.sh/release.v1",
    metadata: { name: "sh.helm.release.v1.web.v3", namespace: "shop", labels: { name: "web", owner: "helm", status: "deployed" } },
    data: { release: Buffer.from(text).toString("base64") },
  };
}

function packed(content: JsonObject): string {
  return gzipSync(JSON.stringify(content)).toString("base64");
}

function unpacked(secret: JsonObject): JsonObject {
  const text = Buffer.from(textIn(objectIn(secret, "data"), "release") ?? "", "base64").toString("latin1");
  return JSON.parse(gunzipSync(Buffer.from(text, "base64")).toString("utf8")) as JsonObject;
}

test("A Helm release that moves names its new namespace, also where its manifests do", () => {
  const content = {
    name: "web",
    namespace: "shop",
    version: 3,
    manifest: MANIFEST,
    hooks: [{ manifest: "namespace: shop\n" }],
    config: { namespace: "shop" },
  };
  const moved = unpacked(prepared(pointObject(release(packed(content))), MOVED).object);
  assert.equal(moved["namespace"], "store");
  assert.equal(
    moved["manifest"],
    MANIFEST.replace("  namespace: shop\n", "  namespace: store\n")
      .replace('- namespace: "shop"', '- namespace: "store"')
      .replace('"namespace":"shop"', '"namespace":"store"')
      .replace("Role, namespace: shop", "Role, namespace: store"),
  );
  assert.deepEqual(moved["hooks"], [{ manifest: "namespace: store\n" }]);
  assert.deepEqual([moved["name"], moved["version"], moved["config"]], ["web", 3, { namespace: "shop" }]);
});

test("A Helm release that stays is not touched", () => {
  const secret = release("not even readable");
  assert.deepEqual(prepared(pointObject(secret), targetOf({ isSameCluster: true })).object["data"], secret["data"]);
});

test("A Helm release that cannot be decoded is an error without a word of it", () => {
  for (const text of [
    "hunter2",
    packed({ name: "hunter2" }).slice(0, 20),
    gzipSync('"hunter2"').toString("base64"),
    gzipSync("hunter2").toString("base64"),
  ]) {
    assert.throws(
      () => prepare(pointObject(release(text)), MOVED),
      (error: Error & { code?: string }) => error.code === "helm_release" && !`${error.message}${String(error.cause)}`.includes("hunter2"),
    );
  }
});

test("A Helm release that unpacks to more than any can hold is an error", () => {
  const bomb = gzipSync(Buffer.alloc(65 * 1024 ** 2, 0x20)).toString("base64");
  assert.throws(() => prepare(pointObject(release(bomb)), MOVED), { code: "helm_release" });
});

test("A Helm release is left out where objects get other names", () => {
  const target = targetOf({ isSameCluster: true, namePrefix: "x-", isRestored: () => true });
  const result = prepare(pointObject(release(packed({ name: "web", namespace: "shop" }))), target);
  assert.equal(result.kind === "left-out" && result.code, "renamed");
});
