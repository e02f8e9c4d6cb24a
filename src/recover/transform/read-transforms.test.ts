import assert from "node:assert/strict";
import { test } from "node:test";
import { compileTransforms } from "./read-transforms.ts";

const HEAD = "apiVersion: holdfast.dev/v1alpha1\nkind: TransformSet\n";

function refused(text: string): string {
  try {
    compileTransforms(text, "t.yaml");
  } catch (error) {
    const { kind, code, message } = error as Error & { kind: string; code: string };
    assert.deepEqual([kind, code], ["usage", "transform_file"], message);
    return message.replace('Cannot use transform file "t.yaml": ', "");
  }
  throw new assert.AssertionError({ message: "it was taken" });
}

function refusedChange(change: string): string {
  return refused(`${HEAD}spec: { transforms: [{ name: a, do: [${change}] }] }`);
}

test("A file that is no TransformSet says what it lacks", () => {
  assert.equal(refused(""), '"apiVersion" is missing');
  assert.equal(refused("apiVersion: v1\nkind: TransformSet"), '"apiVersion" is not "holdfast.dev/v1alpha1"');
  assert.equal(refused("apiVersion: holdfast.dev/v1alpha1\nkind: Pod"), '"kind" is not "TransformSet"');
  assert.equal(refused(HEAD), '"spec" is missing');
  assert.equal(refused(`${HEAD}spec: { transforms: [] }`), '"spec.transforms" is missing');
  assert.match(refused(`${HEAD}spec: [`), /^it is not YAML \(line \d+, column \d+\)$/);
  assert.match(refused(`${HEAD}specs: {}`), /^"specs" is not known here/);
});

test("A transform that lacks something, or has too much, is refused with the place", () => {
  const transforms = (text: string): string => refused(`${HEAD}spec: { transforms: [${text}] }`);
  assert.equal(transforms("{ do: [{ replicas: 1 }] }"), '"spec.transforms[0].name" is missing');
  assert.match(transforms("{ name: A b, do: [{ replicas: 1 }] }"), /^"spec.transforms\[0\].name" is not made of/);
  assert.equal(transforms("{ name: a }"), '"spec.transforms[0].do" is missing');
  assert.equal(
    transforms("{ name: a, do: [{ replicas: 1 }] }, { name: a, do: [{ replicas: 1 }] }"),
    '"spec.transforms[1].name" is "a" twice',
  );
  assert.match(
    transforms("{ name: a, select: { kind: Pod }, do: [{ replicas: 1 }] }"),
    /^"spec.transforms\[0\].select.kind" is not known here, but "kinds"/,
  );
  assert.match(
    transforms("{ name: a, select: { labels: 'a b' }, do: [{ replicas: 1 }] }"),
    /^"spec.transforms\[0\].select.labels" is no selector/,
  );
  assert.match(
    transforms("{ name: a, select: { where: object.a = }, do: [{ replicas: 1 }] }"),
    /select.where" is no condition: nothing that can be read stands at letter/,
  );
  assert.match(transforms("{ name: a, select: { names: ['[a'] }, do: [{ replicas: 1 }] }"), /select.names" has what is no pattern$/);
});

test("A change that says too little, too much or nonsense is refused with the place", () => {
  const cases: readonly [string, RegExp][] = [
    ["{ replica: 1 }", /do\[0\].replica" is not known here, but "jsonPatch"/],
    ["{}", /do\[0\].jsonPatch" or another change is missing$/],
    ["{ replicas: 1, nodeSelector: { a: b } }", /do\[0\].nodeSelector" is a second change/],
    ["{ replicas: -1 }", /do\[0\].replicas" is no number of pods$/],
    ["{ imageRegistry: { from: a } }", /do\[0\].imageRegistry.to" is missing$/],
    ["{ imageRegistry: { from: a, to: b, when: c } }", /do\[0\].imageRegistry.when" is not known here/],
    ["{ ingressHost: { from: '*.a', to: b } }", /do\[0\].ingressHost.to" has to begin as/],
    ["{ resources: { container: a } }", /do\[0\].resources" has neither requests nor limits$/],
    ["{ resources: { requests: { cpu: much } } }", /requests.cpu" is no quantity/],
    ["{ nodeSelector: { a: 1 } }", /do\[0\].nodeSelector" has a label whose value is not a text$/],
    ["{ mergePatch: 1 }", /do\[0\].mergePatch" is not a mapping$/],
    ["{ mergePatch: { a: 9007199254740993 } }", /do\[0\].mergePatch" has a number that is not kept/],
    ["{ mergePatch: { a: .inf } }", /do\[0\].mergePatch" has a number that is not kept/],
    ["{ jsonPatch: [] }", /do\[0\].jsonPatch" has no operation$/],
    ["{ jsonPatch: [{ op: change, path: /a }] }", /jsonPatch\[0\].op" is none of add, remove/],
    ["{ jsonPatch: [{ op: add, path: /a }] }", /jsonPatch\[0\].value" is missing$/],
    ["{ jsonPatch: [{ op: remove, path: /a, value: 1 }] }", /jsonPatch\[0\].value" is not known here/],
    ["{ jsonPatch: [{ op: remove, path: a/b }] }", /jsonPatch\[0\].path" is no path/],
    ["{ jsonPatch: [{ op: remove, path: /a/__proto__/b }] }", /jsonPatch\[0\].path" is no path/],
    ["{ jsonPatch: [{ op: copy, path: /a }] }", /jsonPatch\[0\].from" is missing$/],
  ];
  for (const [change, message] of cases) assert.match(refusedChange(change), message, change);
});

test("A value of a patch may be null", () => {
  const set = compileTransforms(
    `${HEAD}spec: { transforms: [{ name: a, do: [{ jsonPatch: [{ op: add, path: /a, value: null }] }] }] }`,
    "t.yaml",
  );
  assert.equal(set.apply({ apiVersion: "v1", kind: "Any", metadata: { name: "a" } }).object["a"], null);
});
