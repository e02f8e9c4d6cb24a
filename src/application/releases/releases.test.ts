import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { JsonObject } from "../../kube/json.ts";
import { helmReleaseOf } from "./helm-record.ts";
import { releaseMarkOf } from "./marks.ts";

const RELEASE = { name: "shop", version: 3, chart: { metadata: { name: "web", version: "1.2.3" } } };

function record(content: Uint8Array, kind = "Secret", name = "sh.helm.release.v1.shop.v3"): JsonObject {
  const inner = Buffer.from(content).toString("base64");
  const release = kind === "Secret" ? Buffer.from(inner).toString("base64") : inner;
  return { apiVersion: "v1", kind, metadata: { namespace: "a", name, labels: { owner: "helm", status: "deployed" } }, data: { release } };
}

test("a record of Helm says which chart it is of, in a Secret or a ConfigMap", () => {
  const expected = { tool: "helm", name: "shop", namespace: "a", source: "web 1.2.3", revision: "3" };
  const packed = gzipSync(JSON.stringify(RELEASE));
  assert.deepEqual(helmReleaseOf(record(packed)), expected);
  assert.deepEqual(helmReleaseOf(record(packed, "ConfigMap")), expected);
  assert.deepEqual(helmReleaseOf(record(gzipSync('{"chart": 5}'))), { ...expected, source: undefined });
});

const hostile: readonly (readonly [what: string, object: JsonObject])[] = [
  ["no gzip", record(Buffer.from("plain"))],
  ["no JSON", record(gzipSync("not json"))],
  ["a list", record(gzipSync("[]"))],
  ["half of it", record(gzipSync(JSON.stringify(RELEASE)).subarray(0, 20))],
  ["more than any chart", record(gzipSync(`${JSON.stringify(RELEASE)}${" ".repeat(33 * 1024 ** 2)}`, { level: 1 }))],
  ["nothing", { ...record(gzipSync("{}")), data: {} }],
];
for (const [what, object] of hostile) {
  test(`a record of Helm with ${what} in it says nothing`, () => assert.equal(helmReleaseOf(object), undefined));
}

function marked(metadata: JsonObject, kind = "ConfigMap"): ReturnType<typeof releaseMarkOf> {
  return releaseMarkOf({ apiVersion: "v1", kind, metadata: { namespace: "a", name: "x", ...metadata } });
}

test("Helm, Argo CD and Flux are known by their marks", () => {
  const helm = { "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "b" };
  assert.deepEqual(marked({ annotations: helm }), { tool: "helm", name: "shop", namespace: "b" });
  assert.deepEqual(releaseMarkOf(record(Buffer.of())), { tool: "helm", name: "shop", namespace: "a" });
  const argo = { "argocd.argoproj.io/tracking-id": "mail:/ConfigMap:a/x" };
  assert.deepEqual(marked({ annotations: argo }), { tool: "argocd", name: "mail", namespace: "argocd" });
  const anywhere = { "argocd.argoproj.io/tracking-id": "team_mail:/ConfigMap:a/x" };
  assert.deepEqual(marked({ annotations: anywhere }), { tool: "argocd", name: "mail", namespace: "team" });
  const flux = { "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system" };
  assert.deepEqual(marked({ labels: flux }), { tool: "flux", name: "apps", namespace: "flux-system" });
  assert.deepEqual(marked({ labels: flux, annotations: { ...helm, ...argo } })?.tool, "helm");
  assert.equal(marked({}), undefined);
});

test("a mark of Argo CD that was copied from another object is none", () => {
  for (const id of ["mail:/Secret:a/x", "mail:/ConfigMap:b/x", "mail:/ConfigMap:a/y", "mail:apps/ConfigMap:a/x", "mail"]) {
    assert.equal(marked({ annotations: { "argocd.argoproj.io/tracking-id": id } }), undefined, id);
  }
});

test("only Helm's own records count as such", () => {
  const foreign: JsonObject = { name: "sh.helm.release.v1.shop.v3" };
  assert.equal(marked(foreign, "Secret"), undefined);
  assert.equal(marked({ name: "other", labels: { owner: "helm" } }, "Secret"), undefined);
});
