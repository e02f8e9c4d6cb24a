import assert from "node:assert/strict";
import { test } from "node:test";
import { targetOf } from "./target.ts";

const SHOP = { group: "", kind: "ConfigMap", namespace: "shop", name: "a" };

test("A target without a change calls everything as it was", () => {
  const target = targetOf({ isSameCluster: true, namespaces: new Map([["shop", "shop"]]) });
  assert.equal(target.changesNames, false);
  assert.deepEqual(target.renamedNamespaces, []);
  assert.equal(target.name(SHOP), "a");
});

test("A prefix is put before the names of what is restored, and of nothing else", () => {
  const target = targetOf({ isSameCluster: true, namePrefix: "x-", isRestored: ({ namespace }) => namespace === "shop" });
  assert.equal(target.name(SHOP), "x-a");
  assert.equal(target.name({ ...SHOP, namespace: "other" }), "a");
  assert.equal(target.name({ ...SHOP, kind: "ServiceAccount", name: "default" }), "default");
  assert.equal(target.name({ ...SHOP, kind: "Namespace", namespace: undefined, name: "shop" }), "shop");
});

test("What others know by its name keeps it, restored or not", () => {
  const target = targetOf({ isSameCluster: true, namePrefix: "x-", isRestored: () => true });
  const name = "things.example.com";
  assert.equal(target.name({ group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", namespace: undefined, name }), name);
});

test("Claims of a StatefulSet get the prefix where its name is", () => {
  const claimTemplates = [{ namespace: "shop", template: "data", statefulSet: "db" }];
  const target = targetOf({ isSameCluster: true, namePrefix: "x-", isRestored: () => true, claimTemplates });
  const name = (claim: string): string => target.name({ group: "", kind: "PersistentVolumeClaim", namespace: "shop", name: claim });
  assert.equal(name("data-db-10"), "data-x-db-10");
  assert.equal(name("data-db-copy"), "x-data-db-copy");
});
