import assert from "node:assert/strict";
import { test } from "node:test";
import { readBlueprint } from "./read-blueprint.ts";

const HEAD = "apiVersion: holdfast.dev/v1alpha1\nkind: Blueprint\nmetadata: { name: mine }\n";

function blueprint(spec: string): string {
  return `${HEAD}spec:\n  description: a database\n  tested: none\n  match: { images: ["*/mine"] }\n${spec}`;
}

function refused(text: string): string {
  try {
    readBlueprint(text, "mine.yaml");
  } catch (error) {
    const { kind, code, message } = error as Error & { kind: string; code: string };
    assert.deepEqual([kind, code], ["usage", "blueprint_file"], message);
    return message.replace('Cannot use blueprint "mine.yaml": ', "");
  }
  throw new assert.AssertionError({ message: "it was taken" });
}

test("A blueprint says how a database is recognised, held, dumped, loaded and checked", () => {
  const read = readBlueprint(
    blueprint(`  needs: [minectl]
  prelude: |
    user=boss
  replica: { role: leader, command: [minectl, role], timeout: 5s }
  quiesce: { script: "minectl lock $user", timeout: 2m }
  dump: { file: mine.dump, command: [minectl, dump], replacesVolumes: true }
  check: { command: [minectl, ping] }
`),
    "mine.yaml",
  );
  assert.deepEqual(read, {
    name: "mine",
    description: "a database",
    tested: undefined,
    file: "mine.yaml",
    match: { images: ["*/mine"], labels: [], owners: [] },
    needs: ["minectl"],
    replica: { role: "leader", command: ["minectl", "role"], timeoutMs: 5_000 },
    preflight: undefined,
    quiesce: { command: ["sh", "-c", "user=boss\nminectl lock $user", "holdfast"], timeoutMs: 120_000 },
    dump: { file: "mine.dump", command: ["minectl", "dump"], timeoutMs: 21_600_000, replacesVolumes: true },
    load: undefined,
    check: { command: ["minectl", "ping"], timeoutMs: 600_000 },
    mask: undefined,
  });
});

test("What is wrong in a blueprint is said with its place", () => {
  const cases: readonly [string, RegExp][] = [
    ["apiVersion: v1\nkind: Blueprint\n", /^"apiVersion" is not "holdfast.dev\/v1alpha1"$/],
    [HEAD, /^"spec" is missing$/],
    [HEAD.replace("mine", "none"), /^"metadata.name" is a word with a meaning of its own$/],
    [HEAD.replace("mine", "My DB"), /^"metadata.name" is not made of small letters/],
    [`${HEAD}spec: { description: a, match: {} }`, /^"spec.tested" is missing$/],
    [blueprint("  quiesc: { script: a }"), /^"spec.quiesc" is not known here, but "description", /],
    [blueprint("  quiesce: { script: a, timout: 3s }"), /^"spec.quiesce.timout" is not known here, but "command", "script", "timeout"$/],
    [blueprint("  quiesce: { script: a, timeout: 3 s }"), /^"spec.quiesce.timeout" is no time such as "30s" or "10m"$/],
    [blueprint("  quiesce: { script: a, command: [b] }"), /^"spec.quiesce.script" stands beside "command"/],
    [blueprint("  check: {}"), /^"spec.check.command" or "script" is missing$/],
    [blueprint("  dump: { script: a }"), /^"spec.dump.file" is missing$/],
    [blueprint("  dump: { script: a, file: ../a }"), /^"spec.dump.file" is no plain name of a file$/],
    [blueprint("  replica: { script: a }"), /^"spec.replica.role" is missing$/],
    [blueprint("  needs: [a b]"), /^"spec.needs" has what is no name of a program$/],
    [blueprint("").replace("*/mine", "docker.io/mine:3"), /^"spec.match.images" has "docker.io\/mine:3", which has a registry or a tag$/],
    [blueprint("").replace('images: ["*/mine"]', "owners: [cluster]"), /^"spec.match.owners" has what is no kind/],
    [blueprint("").replace('images: ["*/mine"]', "labels: [{}]"), /^"spec.match.labels" has an empty set/],
    [blueprint("").replace('images: ["*/mine"]', "image: [a]"), /^"spec.match.image" is not known here, but "images", "labels", "owners"$/],
  ];
  for (const [text, message] of cases) assert.match(refused(text), message, text);
});
