import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DomainError } from "../base/errors.ts";
import { readUnits } from "./declared-units.ts";
import type { DeclaredUnit } from "./unit.ts";

/** @returns what is read from a file of this text, or the message of why not, which begins with the path */
async function read(text: string): Promise<readonly DeclaredUnit[] | string> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-units-"));
  const file = join(folder.path, "units.yaml");
  await writeFile(file, text);
  try {
    return await readUnits(file);
  } catch (error) {
    assert.ok(error instanceof DomainError && error.kind === "usage" && error.code === "units_file");
    return error.message.replace(file, "units.yaml");
  }
}

test("units are read in the order of the file", async () => {
  const text = `applications:
- name: shop
  namespaces: [web, db, web]
  selector: app.kubernetes.io/part-of=shop
- {name: mail, namespaces: [mail], selector: "app in (smtp,imap)"}
`;
  assert.deepEqual(await read(text), [
    { kind: "declared", name: "shop", namespaces: ["web", "db"], selector: "app.kubernetes.io/part-of=shop" },
    { kind: "declared", name: "mail", namespaces: ["mail"], selector: "app in (smtp,imap)" },
  ]);
  assert.deepEqual(await read(""), []);
});

const unit = (fields: object): string => JSON.stringify({ applications: [{ name: "a", namespaces: ["b"], selector: "c", ...fields }] });
const refused: readonly (readonly [what: string, text: string, state: string])[] = [
  ["what is no YAML", "a: b: c", "it is not YAML (line 1, column 5)"],
  ["a list", "- a", "it is not a mapping"],
  ["a word that it does not know", "application: []", '"application" is not known here, but "applications"'],
  [
    "a word that an application does not have",
    unit({ labels: {} }),
    '"applications[0].labels" is not known here, but "name", "namespaces", "selector"',
  ],
  ["no name", unit({ name: "" }), '"applications[0].name" is missing'],
  ["a name that is none", unit({ name: "A b" }), '"applications[0].name" is not made of small letters, digits and dashes'],
  [
    "the name of the unit cluster",
    unit({ name: "cluster" }),
    '"applications[0].name" is "cluster", which is the unit of what nobody claims',
  ],
  ["no namespaces", unit({ namespaces: [] }), '"applications[0].namespaces" is missing'],
  ["a namespace that is none", unit({ namespaces: ["a/b"] }), '"applications[0].namespaces" has what is no name of a namespace'],
  ["namespaces that are no list", unit({ namespaces: "b" }), '"applications[0].namespaces" is not a list of texts'],
  ["no selector", unit({ selector: null }), '"applications[0].selector" is missing'],
  ["a selector that is none", unit({ selector: "a b" }), '"applications[0].selector" is none: Cannot read selector "a b": "a b" is none'],
  [
    "a name twice",
    JSON.stringify({ applications: [1, 2].map(() => ({ name: "a", namespaces: ["b"], selector: "c" })) }),
    '"applications[1].name" is "a" twice',
  ],
];
for (const [what, text, state] of refused) {
  test(`a units file with ${what} is refused`, async () => assert.equal(await read(text), `Cannot use units file "units.yaml": ${state}`));
}

test("a units file that is not there is no empty one", async () => {
  await assert.rejects(readUnits("/no/such/file"), { message: 'Cannot use units file "/no/such/file": there is no such file' });
});
