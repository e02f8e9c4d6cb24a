import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, objectIn, parseJson } from "../../kube/json.ts";
import { compileTransforms } from "./read-transforms.ts";
import type { TransformSet } from "./transform-set.ts";

const WEB = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop", labels: { tier: "web" } },
  spec: {
    replicas: 3,
    template: {
      spec: {
        nodeSelector: { zone: "a" },
        initContainers: [{ name: "init", image: "old.example/team/init:1" }],
        containers: [
          { name: "web", image: "old.example/team/web:1", resources: { requests: { cpu: "1", memory: "1Gi" } } },
          { name: "side", image: "nginx:1" },
        ],
      },
    },
  },
};

/** A file with one transform of one change. */
function one(change: string, select = ""): TransformSet {
  return compileTransforms(file(`  - name: a\n${select === "" ? "" : `    select: ${select}\n`}    do:\n    - ${change}\n`), "t.yaml");
}

function file(transforms: string): string {
  return `apiVersion: holdfast.dev/v1alpha1\nkind: TransformSet\nmetadata: { name: x }\nspec:\n  transforms:\n${transforms}`;
}

function spec(change: string, object: JsonObject = WEB): JsonObject {
  return objectIn(one(change).apply(object).object, "spec");
}

function podSpec(change: string): JsonObject {
  return objectIn(objectIn(spec(change), "template"), "spec");
}

function isMatched(change: string, object: JsonObject): boolean {
  return one(change).apply(object).matched.length > 0;
}

test("A transform changes what its selection is for, and says that it did", () => {
  const selections: readonly [string, boolean][] = [
    ["{ kinds: [Deployment] }", true],
    ["{ kinds: [Deployment.apps] }", true],
    ["{ kinds: [Deployment.other, StatefulSet] }", false],
    ['{ names: ["w*"], namespaces: [shop] }', true],
    ['{ names: ["w"] }', false],
    ["{ namespaces: [other] }", false],
    ['{ labels: "tier in (web,db)" }', true],
    ['{ labels: "tier!=web" }', false],
    ["{ where: object.spec.replicas > 2 }", true],
    ["{ where: object.spec.replicas > 3 }", false],
  ];
  for (const [select, isSelected] of selections) {
    const { object, matched, steps } = one("replicas: 1", select).apply(WEB);
    assert.deepEqual(matched, isSelected ? ["a"] : [], select);
    assert.equal(steps.length, isSelected ? 1 : 0, select);
    assert.equal(objectIn(object, "spec")["replicas"], isSelected ? 1 : 3, select);
  }
  assert.equal(WEB.spec.replicas, 3);
});

test("Transforms and their changes come one after the other", () => {
  const text = file(
    "  - name: a\n    do:\n    - replicas: 5\n    - mergePatch: { spec: { paused: true } }\n  - name: b\n    select: { where: object.spec.replicas == 5 }\n    do: [{ replicas: 6 }]\n",
  );
  const { object, matched, steps } = compileTransforms(text, "t.yaml").apply(WEB);
  assert.deepEqual([objectIn(object, "spec")["replicas"], objectIn(object, "spec")["paused"]], [6, true]);
  assert.deepEqual(matched, ["a", "b"]);
  assert.deepEqual(
    steps.map(({ name, before, after }) => [name, objectIn(before, "spec")["replicas"], objectIn(after, "spec")["replicas"]]),
    [
      ["a", 3, 5],
      ["b", 5, 6],
    ],
  );
});

test("jsonPatch does what RFC 6902 says, in a copy, and keeps every digit", () => {
  const object = { ...WEB, spec: { ...WEB.spec, big: parseJson("9007199254740993") } };
  const patch =
    "jsonPatch: [{ op: test, path: /spec/replicas, value: 3 }, { op: copy, from: /spec/big, path: /spec/more }, { op: remove, path: /spec/replicas }]";
  const changed = spec(patch, object);
  assert.equal(JSON.stringify([changed["big"], changed["more"], changed["replicas"] ?? null]), "[9007199254740993,9007199254740993,null]");
  assert.equal(object.spec.replicas, 3);
});

test("jsonPatch that cannot be done says which operation, and no value", () => {
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "shop" }, data: { a: "hunter2" } };
  const cases: readonly [string, RegExp][] = [
    ["[{ op: test, path: /data/a, value: b }]", /operation 1 \(test \/data\/a\): there is another value, or none/],
    ["[{ op: remove, path: /data/b }]", /operation 1 \(remove \/data\/b\): there is nothing at \/data\/b/],
    ["[{ op: add, path: /stringData/x, value: y }]", /there is nothing at \/stringData\/x/],
  ];
  for (const [patch, message] of cases) {
    assert.throws(
      () => one(`jsonPatch: ${patch}`).apply(secret),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "transform_failed");
        assert.match(error.message, message);
        assert.match(error.message, /^Cannot apply transform "a" to Secret "s" in namespace "shop": /);
        assert.doesNotMatch(JSON.stringify([error.message, error.cause]), /hunter2/);
        return true;
      },
    );
  }
});

test("mergePatch does what RFC 7386 says", () => {
  const patch = "mergePatch: { spec: { replicas: null, template: { spec: { containers: [] } }, new: { a: null, b: 1 } } }";
  assert.deepEqual(spec(patch), {
    template: { spec: { ...WEB.spec.template.spec, containers: [] } },
    new: { b: 1 },
  });
});

test("A transform that makes another object of one is refused", () => {
  for (const patch of [
    "jsonPatch: [{ op: replace, path: /kind, value: StatefulSet }]",
    "jsonPatch: [{ op: remove, path: /metadata/name }]",
    "mergePatch: { apiVersion: apps/v2 }",
    "mergePatch: { metadata: null }",
    "mergePatch: { metadata: { namespace: other } }",
  ]) {
    assert.throws(() => one(patch).apply(WEB), { code: "transform_failed", message: /it makes another object of it/ }, patch);
  }
});

test("imageRegistry moves images of that registry, Docker's shortened ones included", () => {
  const images = (change: string): readonly unknown[] =>
    ["initContainers", "containers"].flatMap((list) => (podSpec(change)[list] as readonly JsonObject[]).map(({ image }) => image));
  assert.deepEqual(images("imageRegistry: { from: old.example/team, to: new.example/t/ }"), [
    "new.example/t/init:1",
    "new.example/t/web:1",
    "nginx:1",
  ]);
  assert.deepEqual(images("imageRegistry: { from: docker.io, to: mirror.example }")[2], "mirror.example/library/nginx:1");
  assert.equal(isMatched("imageRegistry: { from: old.example/tea, to: x }", WEB), false);
});

test("ingressHost moves a host, or all below one", () => {
  const ingress = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "web", namespace: "shop" },
    spec: { rules: [{ host: "shop.old.example" }, { host: "other.example" }], tls: [{ hosts: ["shop.old.example"] }] },
  };
  const moved = { rules: [{ host: "shop.new.example" }, { host: "other.example" }], tls: [{ hosts: ["shop.new.example"] }] };
  assert.deepEqual(spec("ingressHost: { from: shop.old.example, to: shop.new.example }", ingress), moved);
  assert.deepEqual(spec('ingressHost: { from: "*.old.example", to: "*.new.example" }', ingress), moved);
  assert.equal(isMatched("ingressHost: { from: old.example, to: new.example }", ingress), false);
});

test("storageClass moves claims, and templates of claims", () => {
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "a", namespace: "b" },
    spec: { storageClassName: "slow" },
  };
  assert.deepEqual(spec("storageClass: { to: fast }", claim), { storageClassName: "fast" });
  assert.equal(isMatched("storageClass: { from: other, to: fast }", claim), false);
  const set = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "a", namespace: "b" },
    spec: { volumeClaimTemplates: [{ spec: { storageClassName: "slow" } }] },
  };
  assert.deepEqual(spec("storageClass: { from: slow, to: fast }", set), { volumeClaimTemplates: [{ spec: { storageClassName: "fast" } }] });
  assert.equal(isMatched("storageClass: { to: fast }", WEB), false);
});

test("replicas, resources and nodeSelector change what they name, and leave the rest", () => {
  assert.equal(spec("replicas: 0")["replicas"], 0);
  assert.equal(isMatched("replicas: 1", { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: {} }), false);
  const { containers } = podSpec("resources: { container: w*, requests: { cpu: 250m, memory: null }, limits: { memory: 2Gi } }");
  assert.deepEqual(containers, [
    { name: "web", image: "old.example/team/web:1", resources: { requests: { cpu: "250m" }, limits: { memory: "2Gi" } } },
    { name: "side", image: "nginx:1" },
  ]);
  assert.deepEqual(podSpec("nodeSelector: { disk: ssd }")["nodeSelector"], { zone: "a", disk: "ssd" });
  assert.ok(!("nodeSelector" in podSpec("nodeSelector: { zone: null }")));
});

test("A transform that was for no object is named at the end", () => {
  const set = compileTransforms(
    file("  - name: a\n    do: [{ replicas: 1 }]\n  - name: b\n    select: { kinds: [Job] }\n    do: [{ replicas: 1 }]\n"),
    "t.yaml",
  );
  set.apply(WEB);
  assert.deepEqual(set.unmatched, ["b"]);
  assert.throws(() => set.assertMatched(), {
    code: "transform_unmatched",
    message: 'Cannot use transform file "t.yaml": "b" matches none of the objects',
  });
});
