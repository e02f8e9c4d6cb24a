/** The commands one after the other, as people run them, on a folder and on S3. */
import assert from "node:assert/strict";
import { link, mkdir, readdir, readFile, stat, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { bucketLocation, type Cli, type Location, openCli } from "../support/cli.ts";
import { environment } from "../support/environment.ts";
import type { CommandResult } from "../support/program.ts";

const LOCATIONS: Readonly<Record<string, (t: TestContext) => Promise<Location>>> = {
  folder: async (t) => ({ url: join(await environment(t).temporaryFolder(), "repository"), variables: {} }),
  S3: async (t) => bucketLocation(await environment(t).bucket()),
};

/** Standard output of a command that must succeed. */
function output(result: CommandResult): string {
  assert.equal(result.exitCode, 0, result.stderr);
  return result.stdout;
}

type Json = Readonly<Record<string, unknown>>;

function json(result: CommandResult): Json {
  return JSON.parse(output(result)) as Json;
}

function jsonLines(result: CommandResult): readonly Json[] {
  return output(result)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Json);
}

interface Opened extends Cli {
  readonly location: Location;
  readonly key: string;
  /** With the repository and its key. */
  readonly holdfast: (...args: readonly string[]) => Promise<CommandResult>;
}

async function init(t: TestContext, kind: string): Promise<Opened> {
  const location = await (LOCATIONS[kind] ?? assert.fail())(t);
  const cli = await openCli(t, { ...location.variables, HOLDFAST_REPOSITORY: location.url });
  const key = join(cli.folder, "key");
  assert.match(output(await cli.run("repository", "init", "--key-out", key)), /^Made repository [0-9a-f]{8} in .+\nIts key is in /);
  return { ...cli, location, key, holdfast: (...args) => cli.run(...args, "--password-file", key) };
}

async function writeTree(folder: string): Promise<void> {
  await mkdir(join(folder, "sub/empty"), { recursive: true });
  await writeFile(join(folder, "a.txt"), "first\n");
  await writeFile(join(folder, "sub/b.bin"), Buffer.alloc(300_000, "0123456789"));
  await link(join(folder, "sub/b.bin"), join(folder, "sub/c.bin"));
  await symlink("a.txt", join(folder, "link"));
  await writeFile(Buffer.from(`${folder}/odd \xff`, "latin1"), "odd");
}

/** @param path that is longer here than people's are */
function fitsTerminal(text: string, path = "/home/anna"): void {
  const columns = 80 + path.length - "/home/anna".length;
  for (const line of text.split("\n")) assert.ok(line.length <= columns, line);
}

for (const kind of Object.keys(LOCATIONS)) {
  test(`a snapshot is made, looked at and restored (${kind})`, async (t) => {
    const { holdfast, folder, key, shell } = await init(t, kind);
    assert.equal((await stat(key)).mode & 0o777, 0o600);
    const data = join(folder, "data");
    await writeTree(data);

    const first = json(await holdfast("files", "backup", data, "--tag", "a,b", "--host", "h", "-o", "json"));
    assert.deepEqual([first["filesNew"], first["bytesProcessed"], first["findings"]], [4, 600_009, []]);
    assert.ok(Number(first["requests"]) > 5 && Number(first["bytesSent"]) > Number(first["bytesStored"]));
    await writeFile(join(data, "a.txt"), "second\n");
    await unlink(join(data, "link"));
    await writeFile(join(data, "new"), "");
    const second = output(await holdfast("files", "backup", data, "--host", "h"));
    assert.match(second, /^Saved snapshot [0-9a-f]{8}, compared with [0-9a-f]{8}\nFiles {4}1 new, /);
    assert.match(second, /^\d+ requests, .+ sent, .+ received$/m);
    fitsTerminal(second);

    const table = output(await holdfast("files", "list"));
    assert.match(table, /^ID +Time +Host +Tags +Paths +Size\n/);
    assert.match(table, /^[0-9a-f]{8} {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}h {5}a,b .+ 586 KiB$/m);
    assert.match(table, /^2 snapshots$/m);
    fitsTerminal(table, data);
    const listed = (await holdfast("files", "list", "-o", "json")).json() as readonly Json[];
    assert.deepEqual([listed.length, listed[0]?.["id"], listed[0]?.["tags"]], [2, first["snapshot"], ["a", "b"]]);
    assert.equal(((await holdfast("files", "list", "--tag", "b", "-o", "json")).json() as unknown[]).length, 1);

    const shown = output(await holdfast("files", "show", `latest:${data}`));
    assert.deepEqual(
      shown.trimEnd().split("\n"),
      ["a.txt", "new", String.raw`odd \xff`, "sub"].map((name) => join(data, name)),
    );
    assert.match(output(await holdfast("files", "show", `latest:${data}/sub`, "--long")), /^-rw-r--r-- \S+ +293 KiB .*b\.bin$/m);
    const nodes = jsonLines(await holdfast("files", "show", "latest", "--recursive", "-o", "json"));
    const odd = nodes.find(({ pathBytes }) => pathBytes !== undefined);
    assert.equal(Buffer.from(String(odd?.["pathBytes"]), "base64").toString("latin1"), `${data}/odd \xff`);

    const found = output(await holdfast("files", "find", "*.TXT", "-i"));
    assert.equal(found.match(/a\.txt$/gm)?.length, 2);

    const diff = output(await holdfast("files", "diff", String(first["snapshot"]), "latest"));
    assert.deepEqual(diff.split("\n").slice(0, 4), [
      `M ${data}/a.txt`,
      `- ${data}/link`,
      `+ ${data}/new`,
      "1 path added, 1 path removed, 1 path changed",
    ]);

    assert.equal(output(await holdfast("files", "dump", String(first["snapshot"]), `${data}/a.txt`)), "first\n");
    const tar = await shell(
      `"$HOLDFAST" files dump latest '${data}' --password-file '${key}' | tar --extract --directory '${await made(folder, "tar")}'`,
    );
    output(tar);
    assert.deepEqual(await contents(join(folder, "tar")), await contents(data));

    const target = join(folder, "restored");
    const restored = json(await holdfast("files", "restore", `latest:${data}`, "--target", target, "--verify", "-o", "json"));
    assert.deepEqual([restored["failed"], restored["findings"]], [0, []]);
    assert.deepEqual(await contents(target), await contents(data));
    await writeFile(join(target, "more"), "");
    const again = await holdfast("files", "restore", `latest:${data}`, "-t", target, "--delete", "--overwrite", "if-changed", "-o", "json");
    assert.deepEqual([json(again)["files"], json(again)["deleted"]], [0, 1]);
    fitsTerminal(output(await holdfast("repository", "check", "--read-data")));
  });

  test(`snapshots are rewritten, forgotten and pruned (${kind})`, async (t) => {
    const { holdfast, folder } = await init(t, kind);
    const data = join(folder, "data");
    await writeTree(data);
    for (const time of ["2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z", "2026-01-03T10:00:00Z"]) {
      await writeFile(join(data, "a.txt"), time);
      output(await holdfast("files", "backup", data, "--time", time));
    }
    const rewritten = json(await holdfast("files", "rewrite", "latest", "--exclude", "*.bin", "--add-tag", "x", "--forget", "-o", "json"));
    const [changed] = rewritten["rewritten"] as readonly Json[];
    assert.deepEqual([changed?.["filesRemoved"], changed?.["bytesRemoved"]], [2, 600_000]);
    const left = output(await holdfast("files", "show", "latest", "--recursive"));
    assert.doesNotMatch(left, /\.bin/);
    assert.match(left, /empty/);

    const dry = output(await holdfast("repository", "forget", "--keep-last", "1", "--dry-run"));
    assert.match(dry, /^keep +[0-9a-f]{8} {2}2026-01-03 10:00:00 .*last snapshot$/m);
    assert.match(dry, /^2 snapshots would be removed$/m);
    fitsTerminal(dry, data);
    const forgotten = json(await holdfast("repository", "forget", "--keep-last", "1", "--prune", "-o", "json"));
    const [group] = forgotten["groups"] as readonly { readonly keep: unknown[]; readonly remove: unknown[] }[];
    assert.deepEqual([group?.keep.length, group?.remove.length], [1, 2]);
    const before = json(await holdfast("repository", "check", "-o", "json"));
    assert.deepEqual([before["ok"], before["snapshots"]], [true, 1]);
    const pruned = json(await holdfast("repository", "prune", "--grace", "0s", "-o", "json"));
    assert.ok((pruned["deleted"] as { readonly packs: number }).packs > 0);
    const check = json(await holdfast("repository", "check", "--read-data", "-o", "json"));
    assert.deepEqual([check["ok"], check["findings"]], [true, []]);
    assert.match(output(await holdfast("repository", "stats", "--mode", "raw-data")), /^.+ stored in \d+ blobs in 1 snapshot$/m);
  });
}

test("keys are added, listed and removed, and the password is changed", async (t) => {
  const { holdfast, run, folder } = await init(t, "folder");
  const team = join(folder, "team");
  output(await holdfast("repository", "key", "add", "--key-out", team, "--hostname", "elsewhere", "--username", "team"));
  const keys = (await holdfast("repository", "key", "list", "-o", "json")).json() as readonly Json[];
  assert.deepEqual([keys.length, keys.filter(({ hostname }) => hostname === "elsewhere").length], [2, 1]);
  const own = keys.find(({ current }) => current === true);
  const refused = await holdfast("repository", "key", "remove", String(own?.["id"]));
  assert.equal(refused.exitCode, 6);
  assert.match(refused.stderr, /^Cannot remove key "[0-9a-f]{8}": it is the one in use$/m);

  const mine = join(folder, "mine");
  await writeFile(mine, "correct horse\n", { mode: 0o600 });
  output(await run("repository", "password", "--new-password-file", mine, "--password-file", team));
  assert.equal((await run("files", "list", "--password-file", team)).exitCode, 12);
  const list = output(await run("repository", "key", "list", "--password-file", mine));
  assert.match(list, /^ID +Host +User +Created +In use\n/);
  output(await run("repository", "key", "remove", String(own?.["id"]), "--password-file", mine));
  assert.equal((await holdfast("files", "list")).exitCode, 12);
  assert.equal(output(await run("files", "list", "--password-file", mine)), "No snapshots\n");
});

test("standard input is stored as a file", async (t) => {
  const { shell, holdfast, key } = await init(t, "folder");
  output(await shell(`echo dumped | "$HOLDFAST" files backup --stdin-name shop.sql --password-file '${key}'`));
  assert.equal(output(await holdfast("files", "dump", "latest", "shop.sql")), "dumped\n");
});

test("what cannot be read is named, the rest is stored, and the exit code says so", async (t) => {
  const { holdfast, folder } = await init(t, "folder");
  const data = join(folder, "data");
  await writeTree(data);
  const result = await holdfast("files", "backup", data, "/proc/self/mem", "-o", "json");
  assert.equal(result.exitCode, 3, result.stderr);
  assert.match(result.stderr, /^\{"finding":\{"grade":"partial","code":"file_unreadable","object":"\/proc\/self\/mem"/m);
  assert.ok(Number((result.json() as Json)["filesNew"]) >= 4);
  const [listed] = (await holdfast("files", "list", "-o", "json")).json() as readonly Json[];
  assert.deepEqual(listed?.["tags"], ["result=partial"]);
});

test("copies between two repositories store nothing twice", async (t) => {
  const { holdfast, run, folder, key, location } = await init(t, "folder");
  const data = join(folder, "data");
  await writeTree(data);
  output(await holdfast("files", "backup", data));
  const [url, password] = [join(folder, "second"), join(folder, "second-key")];
  const second = ["--repository", url, "--password-file", password];
  output(
    await run(
      "repository",
      "init",
      "--repository",
      url,
      "--key-out",
      password,
      "--chunker-from",
      location.url,
      "--from-password-file",
      key,
    ),
  );
  const copy = ["repository", "copy", "--from-repository", location.url, "--from-password-file", key, "-o", "json", ...second];
  assert.equal((json(await run(...copy))["copied"] as unknown[]).length, 1);
  assert.deepEqual(json(await run(...copy))["copied"], []);
  const added = json(await run("files", "backup", data, "-o", "json", "--force", ...second));
  assert.ok(Number(added["bytesAdded"]) < 5_000, JSON.stringify(added));
});

async function made(...parts: readonly string[]): Promise<string> {
  const path = join(...parts);
  await mkdir(path);
  return path;
}

/** Content of the files by path, as bytes of Latin-1. */
async function contents(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(folder, { encoding: "latin1", recursive: true });
  const entries = await Promise.all(
    names.map(async (name): Promise<[string, string]> => {
      const path = Buffer.from(`${folder}/${name}`, "latin1");
      return [name, (await stat(path)).isFile() ? await readFile(path, "latin1") : ""];
    }),
  );
  return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
