import assert from "node:assert/strict";
import { test } from "node:test";
import { compileCondition } from "./expression.ts";

const OBJECT = {
  metadata: { name: "web", labels: { "app.kubernetes.io/name": "web" } },
  spec: { replicas: 2, paused: false, containers: [{ image: "old.example/a:1" }, { image: "b" }], type: 'say "x"', none: null },
};

function holds(condition: string): boolean {
  return compileCondition(condition)(OBJECT);
}

test("A condition compares fields", () => {
  for (const condition of [
    "object.spec.replicas == 2",
    "object.spec.replicas > 1 && object.spec.replicas <= 2",
    'object.metadata.labels["app.kubernetes.io/name"] == "web"',
    `object.spec.type == 'say "x"'`,
    String.raw`object.spec.type == "say \"x\""`,
    'object.metadata.name in ["db", "web"]',
    '"app.kubernetes.io/name" in object.metadata.labels',
    'object.spec.containers[0].image.startsWith("old.example/")',
    "object.spec.containers.exists(c, c.image == object.spec.containers[1].image)",
    'object.spec.containers.all(c, c.image != "")',
    "size(object.spec.containers) == 2",
    "!(object.spec.paused || object.spec.replicas != 2)",
    "!object.spec.paused",
    "has(object.spec.paused) && !has(object.spec.missing)",
    "object.spec.none == null",
  ]) {
    assert.equal(holds(condition), true, condition);
    assert.equal(holds(`!(${condition})`), false, condition);
  }
});

test("What is not there is neither true nor false", () => {
  for (const condition of [
    "object.spec.missing == 1",
    "object.spec.missing != 1",
    "!object.spec.missing",
    "object.spec.missing.deeper > 2",
    "object.spec.type > 1",
  ]) {
    assert.equal(holds(condition), false, condition);
    assert.equal(holds(`${condition} || true`), true, condition);
    assert.equal(holds(`${condition} && true`), false, condition);
    assert.equal(holds(`!(${condition} && false)`), true, condition);
  }
});

test("A condition reaches nothing but the fields of objects", () => {
  for (const condition of [
    "has(object.constructor)",
    "has(object.__proto__)",
    "has(object.spec.containers.length)",
    'has(object["toString"])',
  ]) {
    assert.equal(holds(condition), false, condition);
  }
});

test("What is no condition says where", () => {
  const cases: readonly [string, RegExp][] = [
    ["", /ends where something is missing/],
    ["object.spec.", /a name is missing/],
    ["object.spec ==", /ends where something is missing/],
    ["object spec", /"spec" stands where it cannot/],
    ["spec.replicas == 1", /"spec" is not known/],
    ["object.a = 1", /nothing that can be read stands at letter 9/],
    ["object.a == 'x", /nothing that can be read stands at letter 12/],
    ['object.a.matches("x")', /"matches" is none of contains/],
    ["object.a.exists(object, true)", /"object" is in use already/],
    ["(object.a", /"\)" is missing/],
    ["(".repeat(5000), /longer than/],
    ["(".repeat(100), /nested too deeply/],
  ];
  for (const [condition, message] of cases) assert.throws(() => compileCondition(condition), { name: "SyntaxError", message });
});
