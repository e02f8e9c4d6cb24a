import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { byteStringOf } from "../../base/byte-string.ts";
import { NO_EXCLUDES, type Wanted } from "./source.ts";
import { absolutePaths, folderSource, treeSource } from "./targets.ts";

const root = await mkdtemp(join(tmpdir(), "holdfast-test-"));
after(() => rm(root, { recursive: true }));
await mkdir(join(root, "a/b"), { recursive: true });
await mkdir(join(root, "work"));
for (const name of ["a/b/c", "a/x", "work/ü"]) await writeFile(join(root, name), "");
await symlink("nowhere", join(root, "work/dangling"));

type Shape = { readonly [name: string]: Shape } | "all";

function shapeOf(wanted: Wanted): Shape {
  return wanted === undefined ? "all" : Object.fromEntries(Array.from(wanted, ([name, inside]) => [name, shapeOf(inside)]));
}

/** Below the test's folder. */
function below(shape: Shape): Shape {
  return root
    .split("/")
    .filter((name) => name !== "")
    .reduceRight<Shape>((all, name) => ({ [name]: all }), shape);
}

const ABOVE = below("all");
const CASES: readonly (readonly [paths: readonly string[], from: string, wanted: Shape])[] = [
  [["."], join(root, "work"), "all"],
  [["ü"], join(root, "work"), { [byteStringOf("ü")]: "all" }],
  [["./ü/", "dangling"], join(root, "work"), { [byteStringOf("ü")]: "all", dangling: "all" }],
  [["b/c", "x"], join(root, "a"), { b: { c: "all" }, x: "all" }],
  [["b/../x"], join(root, "a"), { x: "all" }],
  [["b", "b/c"], join(root, "a"), { b: "all" }],
  [["b/c", "b"], join(root, "a"), { b: "all" }],
  [["x", "."], join(root, "a"), "all"],
  [[join(root, "a/b")], "/", below({ a: { b: "all" } })],
  [[`${root}//a/./b/`, join(root, "work")], "/", below({ a: { b: "all" }, work: "all" })],
  [["../a/x"], "/", below({ a: { x: "all" } })],
  [["ü", join(root, "a")], "/", below({ a: "all", work: { [byteStringOf("ü")]: "all" } })],
  [[".."], "/", ABOVE],
  [["/"], "/", "all"],
];

for (const [paths, from, wanted] of CASES) {
  const shown = paths.map((path) => path.replace(root, "ROOT")).join(" ");
  test(`treeSource() of ${shown} begins at ${from.replace(root, "ROOT")}`, async () => {
    const workingFolder = from === "/" ? join(root, "work") : from;
    const source = await treeSource(paths, workingFolder, NO_EXCLUDES);
    assert.equal(source.root, from);
    assert.deepEqual(shapeOf(source.wanted), wanted);
    assert.deepEqual(source.named, new Set(absolutePaths(paths, workingFolder).map(byteStringOf)));
  });
}

test("treeSource() refuses a path that is not there, before anything is done", async () => {
  const found = treeSource(["x", "missing"], join(root, "a"), NO_EXCLUDES);
  await assert.rejects(found, { kind: "not-found", code: "path_not_found", message: 'Cannot back up "missing": it does not exist' });
  await assert.rejects(treeSource(["x/y"], join(root, "a"), NO_EXCLUDES), { code: "path_not_found" });
});

test("absolutePaths() names each path once, in order", () => {
  assert.deepEqual(absolutePaths(["b", "/z", "./b/", "../a"], "/home"), ["/a", "/home/b", "/z"]);
});

test("folderSource() wants all of a folder", () => {
  assert.deepEqual(folderSource("/some/folder/", NO_EXCLUDES), {
    kind: "tree",
    root: "/some/folder",
    wanted: undefined,
    named: new Set(),
    excludes: NO_EXCLUDES,
  });
});
