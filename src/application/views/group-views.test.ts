import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, textIn } from "../../kube/json.ts";
import { type ObjectId, shortId } from "../../kube/object-id.ts";
import { groupViews } from "./group-views.ts";
import { factsOf } from "./object-facts.ts";
import { sigsApplication } from "./sigs-application.ts";

const API_VERSIONS: Readonly<Record<string, string>> = {
  Application: "app.k8s.io/v1beta1",
  Database: "db.example.com/v1",
  Deployment: "apps/v1",
  ReplicaSet: "apps/v1",
  StatefulSet: "apps/v1",
};

/** The uid of an object is its short name. */
function object(id: string, metadata: JsonObject = {}, fields: JsonObject = {}): JsonObject {
  const [kind = "", name = ""] = id.split("/");
  return { apiVersion: API_VERSIONS[kind] ?? "v1", kind, metadata: { namespace: "a", name, uid: id, ...metadata }, ...fields };
}

const helm = (name: string): JsonObject => ({ annotations: { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": "a" } });
const labels = (partOf: string | undefined, instance?: string): JsonObject => ({
  labels: {
    ...(partOf === undefined ? {} : { "app.kubernetes.io/part-of": partOf }),
    ...(instance === undefined ? {} : { "app.kubernetes.io/instance": instance }),
  },
});
const owned = (by: string, metadata: JsonObject = {}): JsonObject => ({
  ...metadata,
  ownerReferences: [{ apiVersion: API_VERSIONS[by.split("/")[0] ?? ""] ?? "v1", kind: by.split("/")[0] ?? "", uid: by, controller: true }],
});

/** As `helm shop: Deployment/web, Pod/web`. */
function views(objects: readonly JsonObject[], claims: Readonly<Record<string, string>> = {}): readonly string[] {
  const applications = objects.filter((one) => textIn(one, "apiVersion") === "app.k8s.io/v1beta1").map(sigsApplication);
  const found = groupViews("a", objects.map(factsOf), { applications, claimOwner: (name) => claims[name] });
  const names = (ids: readonly { readonly id: ObjectId }[]): string => ids.map(({ id }) => shortId(id)).join(", ");
  return found.map(({ foundBy, name, members }) => `${foundBy} ${name}: ${names(members)}`);
}

test("an object is where its owner is, whatever its own marks say", () => {
  const objects = [
    object("Pod/web", owned("ReplicaSet/web", labels("other"))),
    object("ReplicaSet/web", owned("Deployment/web", helm("other"))),
    object("Deployment/web", helm("shop")),
    object("Pod/orphan", owned("ReplicaSet/gone")),
  ];
  assert.deepEqual(views(objects), ["helm shop: Pod/web, ReplicaSet/web, Deployment/web", "unlabelled (unlabelled): Pod/orphan"]);
});

test("the mark of a tool counts before labels, and names the release that labels then belong to", () => {
  const objects = [
    object("ConfigMap/hook", labels(undefined, "shop")),
    object("ConfigMap/part", labels("shop", "else")),
    object("Deployment/web", { ...helm("shop"), ...labels("suite", "shop") }),
    object("ConfigMap/flux", {
      labels: { "kustomize.toolkit.fluxcd.io/name": "infra", "kustomize.toolkit.fluxcd.io/namespace": "flux-system" },
    }),
    object("ConfigMap/argo", { annotations: { "argocd.argoproj.io/tracking-id": "mail:/ConfigMap:a/argo" } }),
    object("Secret/sh.helm.release.v1.shop.v1", { labels: { owner: "helm" } }),
  ];
  assert.deepEqual(views(objects), [
    "flux infra: ConfigMap/flux",
    "argocd mail: ConfigMap/argo",
    "helm shop: ConfigMap/hook, ConfigMap/part, Deployment/web, Secret/sh.helm.release.v1.shop.v1",
  ]);
});

test("part-of counts before instance", () => {
  const objects = [
    object("ConfigMap/a", labels("suite", "one")),
    object("ConfigMap/b", labels(undefined, "one")),
    object("ConfigMap/c", labels("")),
  ];
  assert.deepEqual(views(objects), ["instance one: ConfigMap/b", "part-of suite: ConfigMap/a", "unlabelled (unlabelled): ConfigMap/c"]);
});

test("a sigs Application has what its selector and its kinds say, before labels do", () => {
  const spec = { selector: { matchLabels: { app: "wiki" } }, componentKinds: [{ group: "core", kind: "ConfigMap" }] };
  const objects = [
    object("Application/wiki", {}, { spec }),
    object("ConfigMap/a", { labels: { app: "wiki", "app.kubernetes.io/part-of": "other" } }),
    object("Secret/a", { labels: { app: "wiki" } }),
    object("Application/empty"),
  ];
  assert.deepEqual(views(objects), [
    "application empty: Application/empty",
    "application wiki: Application/wiki, ConfigMap/a",
    "unlabelled (unlabelled): Secret/a",
  ]);
});

test("an operator's resource that owns something is an application, unless a mark says of which one it is a part", () => {
  const objects = [
    object("Database/db"),
    object("StatefulSet/db", owned("Database/db")),
    object("Pod/db-0", owned("StatefulSet/db")),
    object("PersistentVolumeClaim/data-db-0"),
    object("Database/childless"),
    object("Database/part", labels("shop")),
    object("Secret/part", owned("Database/part")),
  ];
  assert.deepEqual(views(objects, { "data-db-0": "StatefulSet/db" }), [
    "operator db: Database/db, StatefulSet/db, Pod/db-0, PersistentVolumeClaim/data-db-0",
    "part-of shop: Database/part, Secret/part",
    "unlabelled (unlabelled): Database/childless",
  ]);
});

test("the default account of a namespace is in no application, and no object is in two", () => {
  const objects = [
    object("ServiceAccount/default"),
    object("ConfigMap/one", owned("ConfigMap/two")),
    object("ConfigMap/two", owned("ConfigMap/one")),
  ];
  assert.deepEqual(views(objects), ["unlabelled (unlabelled): ConfigMap/one, ConfigMap/two"]);
});
