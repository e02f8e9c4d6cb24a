import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { ReleaseCollector } from "../../src/application/releases/collector.ts";
import type { Release } from "../../src/application/releases/release.ts";
import { tableOf } from "../../src/application/testing/table.ts";
import type { JsonObject } from "../../src/kube/json.ts";
import { objectServer } from "../support/object-server.ts";

const table = tableOf([
  "v1 Secret secrets",
  "argoproj.io/v1alpha1 Application applications",
  "kustomize.toolkit.fluxcd.io/v1 Kustomization kustomizations",
  "source.toolkit.fluxcd.io/v1 GitRepository gitrepositories",
]);

const argo = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Application",
  metadata: { namespace: "argocd", name: "mail" },
  spec: { source: { repoURL: "https://git.example.com/mail" } },
  status: { sync: { revision: "4f1c22a" } },
};
const kustomization = {
  apiVersion: "kustomize.toolkit.fluxcd.io/v1",
  kind: "Kustomization",
  metadata: { namespace: "flux-system", name: "infra" },
  spec: { sourceRef: { kind: "GitRepository", name: "fleet" } },
  status: { lastAppliedRevision: "main@sha1:99aa" },
};
const repository = {
  apiVersion: "source.toolkit.fluxcd.io/v1",
  kind: "GitRepository",
  metadata: { namespace: "flux-system", name: "fleet" },
  spec: { url: "ssh://git.example.com/fleet" },
};

const member = (name: string, metadata: JsonObject): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "a", name, ...metadata },
});
const ofArgo = member("m", { annotations: { "argocd.argoproj.io/tracking-id": "mail:/ConfigMap:a/m" } });
const ofFlux = member("f", {
  labels: { "kustomize.toolkit.fluxcd.io/name": "infra", "kustomize.toolkit.fluxcd.io/namespace": "flux-system" },
});

function record(revision: number, status: string, version: string): JsonObject {
  const release = gzipSync(JSON.stringify({ chart: { metadata: { name: "web", version } } })).toString("base64");
  const name = `sh.helm.release.v1.shop.v${revision}`;
  const labels = { owner: "helm", status };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "a", name, labels },
    data: { release: Buffer.from(release).toString("base64") },
  };
}

async function releases(
  t: TestContext,
  members: readonly JsonObject[],
  served: readonly JsonObject[],
  forbidden?: string,
): Promise<readonly Release[]> {
  const collector = new ReleaseCollector();
  for (const one of members) collector.add(one);
  return collector.releases(await objectServer(t, table, served, { forbidden }), table);
}

test("Argo CD and Flux are asked where a release comes from, and which commit it is", async (t) => {
  const served = [argo, kustomization, repository];
  assert.deepEqual(await releases(t, [ofArgo, ofFlux, ofArgo], served), [
    { tool: "flux", name: "infra", namespace: "flux-system", source: "ssh://git.example.com/fleet", revision: "main@sha1:99aa" },
    { tool: "argocd", name: "mail", namespace: "argocd", source: "https://git.example.com/mail", revision: "4f1c22a" },
  ]);
});

test("a release whose tool may not be asked, or is gone, is known by its name", async (t) => {
  const unknown = { tool: "argocd", name: "mail", namespace: "argocd", source: undefined, revision: undefined };
  assert.deepEqual(await releases(t, [ofArgo], [argo], "argoproj"), [unknown]);
  assert.deepEqual(await releases(t, [ofArgo], []), [unknown]);
});

test("of a release of Helm the newest revision counts that did not fail", async (t) => {
  const records = [
    record(10, "failed", "4.0.0"),
    record(9, "deployed", "3.0.0"),
    record(2, "superseded", "2.0.0"),
    record(11, "pending-upgrade", "5.0.0"),
  ];
  assert.deepEqual(await releases(t, records, []), [{ tool: "helm", name: "shop", namespace: "a", source: "web 3.0.0", revision: "9" }]);
});
