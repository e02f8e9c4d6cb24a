/** Small snapshots that become endless, or too deep, for who goes to every path: what each command that reads snapshots makes of them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { REPOSITORY_LIMITS } from "../../src/repository/format/limits.ts";
import { encodeTree } from "../../src/repository/format/tree/encode.ts";
import { PASSWORD } from "../support/backup.ts";
import { type Cli, openCli } from "../support/cli.ts";
import { environment } from "../support/environment.ts";
import { fileNode, folderNode, makeRepository, UNKNOWN_ID, writeSnapshot } from "../support/hand-made.ts";
import { type NewRepository, sha256, writePack } from "../support/plain-repository.ts";

/** Each folder of it lies in the next one so often. */
interface Nesting {
  readonly levels: number;
  readonly times: number;
}

const ENDLESS: Nesting = { levels: 60, times: 2 };
const TOO_DEEP: Nesting = { levels: REPOSITORY_LIMITS.treeDepth + 50, times: 1 };
const [PARTIAL, CORRUPT] = [3, 8];

/** Puts a folder into others, the innermost first, and gives the outermost. */
function nest(trees: Uint8Array[], innermost: Uint8Array, { levels, times }: Nesting): Uint8Array {
  let tree = innermost;
  for (let level = 0; level < levels; level++) {
    trees.push(tree);
    const below = sha256(tree);
    tree = encodeTree(Array.from({ length: times }, (_, at) => folderNode(`d${at}`, below)));
  }
  trees.push(tree);
  return tree;
}

interface Setting extends Cli {
  readonly repository: NewRepository;
  /** Of snapshots that differ in their innermost folder. */
  readonly ids: readonly [string, string];
}

async function setting(t: TestContext, nesting: Nesting): Promise<Setting> {
  const repository = await makeRepository(join(await environment(t).temporaryFolder(), "repository"));
  const save = async (file: string): Promise<string> => {
    const trees: Uint8Array[] = [];
    nest(trees, encodeTree([fileNode(file, [])]), nesting);
    return saveSnapshot(repository, trees);
  };
  const cli = await openCli(t, { HOLDFAST_REPOSITORY: repository.folder, HOLDFAST_PASSWORD: PASSWORD });
  return { ...cli, repository, ids: [await save("a"), await save("b")] };
}

/** @param trees the one at the top is the last */
async function saveSnapshot(repository: NewRepository, trees: readonly Uint8Array[]): Promise<string> {
  const ids = await writePack(
    repository,
    trees.map((tree) => ["tree", tree]),
  );
  return (await writeSnapshot(repository, ids.at(-1) ?? UNKNOWN_ID)).slice(0, 8);
}

const WALKS: readonly (readonly [command: string, args: (setting: Setting) => readonly string[]])[] = [
  ["files show", ({ ids: [id] }) => [id, "--recursive"]],
  ["files dump", ({ ids: [id] }) => [id, "/"]],
  ["files find", ({ ids: [id] }) => ["nothing", "--snapshot", id]],
  ["files diff", ({ ids }) => ids],
  ["files rewrite", ({ ids: [id] }) => [id, "--exclude", "/d0/nothing"]],
  ["files restore", ({ ids: [id], folder }) => [id, "--target", join(folder, "target")]],
  ["repository stats", ({ ids: [id] }) => [id]],
];

for (const [command, args] of WALKS) {
  test(`"${command}" refuses a small snapshot that would become endless`, async (t) => {
    const all = await setting(t, ENDLESS);
    const { exitCode, stderr } = await all.run(...command.split(" "), ...args(all));
    assert.match(stderr, /Cannot go through all of tree "[0-9a-f]{64}": more is in it than any file system holds/);
    assert.equal(exitCode, CORRUPT);
  });

  test(`"${command}" tells of a snapshot whose folders lie too deep in each other`, async (t) => {
    const all = await setting(t, TOO_DEEP);
    const { exitCode, stderr } = await all.run(...command.split(" "), ...args(all));
    assert.match(stderr, /folders lie too deep|its name or path is too long/);
    assert.equal(exitCode, command === "files restore" ? PARTIAL : CORRUPT);
  });
}

test("a snapshot is endless also where the same folders lie almost too deep before", async (t) => {
  const { repository, run, folder } = await setting(t, { levels: 0, times: 0 });
  const trees: Uint8Array[] = [];
  const endless = nest(trees, encodeTree([]), ENDLESS);
  const deep = nest(trees, endless, { levels: REPOSITORY_LIMITS.treeDepth - 10, times: 1 });
  trees.push(encodeTree([folderNode("a", sha256(deep)), folderNode("b", sha256(endless))]));
  const { exitCode, stderr } = await run("files", "restore", await saveSnapshot(repository, trees), "--target", join(folder, "target"));
  assert.match(stderr, /Cannot go through all/);
  assert.equal(exitCode, CORRUPT);
});

test("commands that need each tree once take an endless snapshot like any other", async (t) => {
  const { run, ids } = await setting(t, ENDLESS);
  for (const line of [
    "files list",
    `files show ${ids[0]}`,
    "repository stats --mode files-by-contents",
    "repository stats --mode raw-data",
    `files rewrite ${ids[0]} --add-tag hostile`,
    "repository repair snapshots",
    `repository forget ${ids[0]}`,
    "repository prune",
  ]) {
    const { exitCode, stderr } = await run(...line.split(" "));
    assert.equal(exitCode, 0, `${line}: ${stderr}`);
  }
});
