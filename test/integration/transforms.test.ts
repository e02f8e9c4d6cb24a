import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { compileTransforms } from "../../src/recover/transform/read-transforms.ts";
import { openCli } from "../support/cli.ts";

const PAGE = join(import.meta.dirname, "../../docs/transforms.md");
const BLOCK = /^```(?<language>\w+)\n(?<text>.*?)^```$/gms;

interface Block {
  readonly language: string;
  readonly text: string;
}

async function blocksOfPage(): Promise<readonly Block[]> {
  const page = await readFile(PAGE, "utf8");
  return Array.from(page.matchAll(BLOCK), ({ groups = {} }) => ({ language: groups["language"] ?? "", text: groups["text"] ?? "" }));
}

/** By the name in their first line. */
async function filesOfPage(): Promise<ReadonlyMap<string, string>> {
  const files = (await blocksOfPage()).filter(({ language }) => language === "yaml");
  return new Map(files.map(({ text }) => [/^# (.*)\n/.exec(text)?.[1] ?? "", text]));
}

test("What the page about transforms shows is what holdfast transform test prints", async (t) => {
  const { folder, shell } = await openCli(t);
  for (const [name, text] of await filesOfPage()) await writeFile(join(folder, name), text);
  const consoles = (await blocksOfPage()).filter(({ language }) => language === "console");
  assert.ok(consoles.length > 0);
  for (const { text } of consoles) {
    const [command = "", ...output] = text.split("\n");
    const { stdout, stderr, exitCode } = await shell(`cd "${folder}" && ${command.replace("$ holdfast", '"$HOLDFAST"')}`);
    assert.deepEqual([stdout, stderr, exitCode], [output.join("\n"), "", 0], command);
  }
});

test("Every file of transforms on the page can be read", async () => {
  const sets = [...(await filesOfPage())].filter(([, text]) => text.includes("kind: TransformSet"));
  assert.equal(sets.length, 2);
  for (const [name, text] of sets) assert.ok(compileTransforms(text, name).unmatched.length > 0, name);
});

const SET =
  "apiVersion: holdfast.dev/v1alpha1\nkind: TransformSet\nspec: { transforms: [{ name: a, select: { kinds: [Secret] }, do: [{ mergePatch: { stringData: { a: b } } }] }] }\n";
const SECRET = { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "shop" }, stringData: { a: "hunter2" } };

test("holdfast transform test reads lists from standard input, and never shows values of Secrets", async (t) => {
  const { folder, shell } = await openCli(t);
  await writeFile(join(folder, "set.yaml"), SET);
  await writeFile(
    join(folder, "list.json"),
    JSON.stringify({ apiVersion: "v1", kind: "List", items: [SECRET, { ...SECRET, kind: "ConfigMap" }] }),
  );
  const { stdout, exitCode } = await shell(`"$HOLDFAST" transform test "${folder}/set.yaml" --object - -o json < "${folder}/list.json"`);
  assert.equal(exitCode, 0);
  assert.deepEqual(JSON.parse(stdout), {
    objects: [
      {
        group: "",
        kind: "Secret",
        namespace: "shop",
        name: "s",
        transforms: [{ name: "a", changes: [{ path: "stringData.a", what: "changed" }] }],
      },
      { group: "", kind: "ConfigMap", namespace: "shop", name: "s", transforms: [] },
    ],
    unmatched: [],
  });
});

test("holdfast transform test refuses what it cannot use, in a sentence and with exit code 2", async (t) => {
  const { folder, run } = await openCli(t);
  const path = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const set = await path("set.yaml", SET);
  const other = await path("other.json", JSON.stringify({ ...SECRET, kind: "ConfigMap" }));
  const cases: readonly [readonly string[], RegExp][] = [
    [[join(folder, "gone.yaml"), "--object", other], /Cannot use transform file ".*gone.yaml": there is no such file/],
    [[await path("bad.yaml", "a: b"), "--object", other], /Cannot use transform file ".*bad.yaml": "a" is not known here/],
    [[set, "--object", join(folder, "gone.json")], /Cannot use object file ".*gone.json": there is no such file/],
    [[set, "--object", await path("empty.yaml", "---\n---\n")], /there is no object in it/],
    [
      [set, "--object", await path("no.yaml", "kind: Secret\nstringData: { a: hunter2 }")],
      /something in it without apiVersion, kind and name/,
    ],
    [[set, "--object", await path("broken.yaml", 'a: "hunter2\nb')], /it is not YAML \(line \d+, column \d+\)/],
    [[set, "--object", other], /"a" matches none of the objects/],
    [[set], /--object/],
  ];
  for (const [args, message] of cases) {
    const { stderr, exitCode } = await run("transform", "test", ...args);
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /hunter2/);
  }
});
