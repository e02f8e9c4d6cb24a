/** What is done to a repository as a whole, and how damage heals. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openCli } from "../support/cli.ts";
import type { CommandResult } from "../support/program.ts";

type Json = Readonly<Record<string, unknown>>;

interface Opened {
  readonly url: string;
  readonly data: string;
  readonly holdfast: (...args: readonly string[]) => Promise<CommandResult>;
}

/** A repository with a snapshot of one file. */
async function init(t: TestContext, ...options: readonly string[]): Promise<Opened> {
  const cli = await openCli(t);
  const [url, key, data] = [join(cli.folder, "repository"), join(cli.folder, "key"), join(cli.folder, "data")];
  const holdfast: Opened["holdfast"] = async (...args) => cli.run(...args, "--repository", url, "--password-file", key);
  const made = await cli.run("repository", "init", "--repository", url, "--key-out", key, "--no-check-storage", ...options);
  assert.equal(made.exitCode, 0, made.stderr);
  await writeFile(data, randomBytes(1_000_000));
  assert.equal((await holdfast("files", "backup", data)).exitCode, 0);
  return { url, data, holdfast };
}

async function largestPack(url: string): Promise<string> {
  const entries = await readdir(join(url, "data"), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(paths.map(async (path) => ({ path, bytes: (await stat(path)).size })));
  return sizes.toSorted((a, b) => b.bytes - a.bytes)[0]?.path ?? assert.fail("no pack");
}

test("a damaged pack is named with what it touches, taken out, and healed by the next backup", async (t) => {
  const { url, data, holdfast } = await init(t);
  const pack = await largestPack(url);
  {
    await using file = await open(pack, "r+");
    await file.write(Buffer.from("rot"), 0, 3, 1000);
  }
  const check = await holdfast("repository", "check", "--read-data", "-o", "json");
  assert.equal(check.exitCode, 8, check.stderr);
  const { ok, findings } = check.json() as { readonly ok: boolean; readonly findings: readonly Json[] };
  assert.equal(ok, false);
  const [finding = {}] = findings;
  const [touched] = finding["touched"] as readonly { readonly paths: readonly string[] }[];
  assert.deepEqual([finding["grade"], touched?.paths], ["critical", [data]]);

  const repair = await holdfast("repository", "repair", "packs", String(finding["object"]));
  assert.equal(repair.exitCode, 0, repair.stderr);
  assert.match(repair.stdout, /^1 pack removed, /m);
  assert.equal((await holdfast("files", "dump", "latest", data)).exitCode, 8);
  const backup = await holdfast("files", "backup", data);
  assert.equal(backup.exitCode, 0, backup.stderr);
  const healed = await holdfast("repository", "check", "--read-data");
  assert.equal(healed.exitCode, 0, healed.stderr);
  assert.match(healed.stdout, /^2 snapshots, [^]*^No damage$/m);
});

test("an index that is gone is made anew", async (t) => {
  const { url, holdfast, data } = await init(t);
  const [index = ""] = await readdir(join(url, "index"));
  {
    await using file = await open(join(url, "index", index), "r+");
    await file.write(Buffer.from("rot"), 0, 3, 20);
  }
  assert.equal((await holdfast("repository", "check")).exitCode, 8);
  const dry = await holdfast("repository", "repair", "index", "--dry-run");
  assert.match(dry.stdout, /^Dry run: \d+ packs? added to the index/);
  const repair = await holdfast("repository", "repair", "index", "-o", "json");
  assert.equal(repair.exitCode, 0, repair.stderr);
  assert.ok(((repair.json() as Json)["added"] as unknown[]).length > 0);
  assert.equal((await holdfast("repository", "check", "--read-data")).exitCode, 0);
  assert.equal((await holdfast("files", "dump", "latest", data)).exitCode, 0);
});

test("a config that is gone and a damaged spare are named, and put back", async (t) => {
  const { url, data, holdfast } = await init(t);
  const spare = join(url, "holdfast/spare/repository.json");
  const [config, identity] = [await readFile(join(url, "config")), await readFile(spare)];
  await rm(join(url, "config"));
  await writeFile(spare, "rot");
  const restored = await holdfast("files", "dump", "latest", data);
  assert.equal(restored.exitCode, 0, restored.stderr);
  assert.match(restored.stderr, /its spare was used instead; run "holdfast repository repair access"$/m);
  const check = await holdfast("repository", "check");
  assert.equal(check.exitCode, 8);
  assert.match(check.stderr, /"config": it is not there, [^]*"holdfast\/spare\/repository.json": its bytes are damaged, /);
  const dry = await holdfast("repository", "repair", "access", "--dry-run");
  assert.match(dry.stdout, /^config was missing\nholdfast\/spare\/repository.json was damaged\nDry run: 2 files written$/m);
  await assert.rejects(stat(join(url, "config")));
  const repair = await holdfast("repository", "repair", "access", "-o", "json");
  assert.equal(repair.exitCode, 0, repair.stderr);
  assert.equal(((repair.json() as Json)["mended"] as unknown[]).length, 2);
  assert.deepEqual([await readFile(join(url, "config")), await readFile(spare)], [config, identity]);
  assert.equal((await holdfast("repository", "check", "--read-data")).stderr, "");
});

test("a key whose file is gone is put back or removed, as its owner says", async (t) => {
  const { url, holdfast } = await init(t);
  const added = await holdfast("repository", "key", "add", "--key-out", join(url, "../other"), "-o", "json");
  assert.equal(added.exitCode, 0, added.stderr);
  const id = String((added.json() as Json)["id"]);
  const file = join(url, "keys", id);
  await rm(file);
  const left = await holdfast("repository", "repair", "access");
  assert.match(left.stderr, new RegExp(`repository repair access ${id.slice(0, 8)}"; .*repository key remove ${id.slice(0, 8)}"$`, "m"));
  assert.match(left.stdout, /^0 files written$/m);
  assert.match((await holdfast("repository", "repair", "access", id.slice(0, 8))).stdout, /^1 file written$/m);
  await rm(file);
  assert.equal((await holdfast("repository", "key", "remove", id.slice(0, 8))).exitCode, 0);
  assert.equal((await holdfast("repository", "check")).stderr, "");
});

test("a repository of version 1 is brought to version 2, and gets a cluster that writes to it", async (t) => {
  const { holdfast } = await init(t, "--format-version", "1");
  const migrated = await holdfast("repository", "migrate", "-o", "json");
  assert.equal(migrated.exitCode, 0, migrated.stderr);
  const { before, after } = migrated.json() as Json;
  assert.deepEqual([before, after], [1, 2]);
  assert.match((await holdfast("repository", "migrate")).stdout, /^The repository has version 2 of the format already$/m);
  assert.match((await holdfast("repository", "adopt", "--cluster", "east")).stdout, /^Cluster east is the writer/);
  const refused = await holdfast("repository", "adopt", "--cluster", "west");
  assert.equal(refused.exitCode, 6);
  assert.match(refused.stderr, /^Cannot adopt repository .*: cluster "east" has written in the last hour$/m);
  assert.equal((await holdfast("repository", "adopt", "--cluster", "west", "--force")).exitCode, 0);
});
