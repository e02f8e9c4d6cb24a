/** What is done to a repository as a whole, and how damage heals. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { open, readdir, stat, writeFile } from "node:fs/promises";
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
