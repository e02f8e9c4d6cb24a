/** What programs rely on: results of every command as JSON, progress as lines of JSON, and nothing else between them. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createProgram } from "../../src/cli/program.ts";
import { openCli } from "../support/cli.ts";
import { noise } from "../support/file-tree.ts";
import type { CommandResult } from "../support/program.ts";
import type { Command } from "commander";

/** Their output is no result: a script for a shell, help for people, the bytes of a file. */
const NO_RESULT: ReadonlySet<string> = new Set(["completion", "help", "files dump"]);

/** test/e2e has them. */
const NEEDS_CLUSTER: ReadonlySet<string> = new Set([
  "app list",
  "app show",
  "backup",
  "blueprint test",
  "restore",
  "clone",
  "run undo",
  "run release",
  "gc",
]);

const BLUEPRINT = join(import.meta.dirname, "..", "..", "src", "blueprint", "library", "redis.yaml");

function namesOf(command: Command, path: readonly string[] = []): readonly string[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.length === 0 ? [path.join(" ")] : visible.flatMap((child) => namesOf(child, [...path, child.name()]));
}

function jsonOf(text: string): readonly unknown[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}

test("every command gives its result as JSON, with what it cost, and progress as lines of JSON", async (t) => {
  const { folder, run } = await openCli(t);
  const at = (name: string): string => join(folder, name);
  await mkdir(at("data"));
  await writeFile(at("data/file"), noise(3_000_000, 1));
  await writeFile(at("own"), "correct horse battery staple\n", { mode: 0o600 });
  const repository = ["--repository", at("repository"), "--password-file", at("key")];
  const second = ["--repository", at("second"), "--password-file", at("second-key")];
  const from = ["--from-repository", at("repository"), "--from-password-file", at("key")];
  const versionOne = ["--repository", at("old"), "--password-file", at("own")];
  const location = ["--location", at("location"), "--password-file", at("location-key")];
  const transform = { name: "t", do: [{ mergePatch: { data: { a: "b" } } }] };
  const set = { apiVersion: "holdfast.dev/v1alpha1", kind: "TransformSet", metadata: { name: "s" }, spec: { transforms: [transform] } };
  await writeFile(at("transforms"), JSON.stringify(set));
  await writeFile(at("object"), JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: {} }));
  const unknownPack = "ab".repeat(32);
  const calls: readonly (readonly [name: string, args: readonly string[]])[] = [
    ["repository init", ["--repository", at("repository"), "--key-out", at("key")]],
    ["repository init", ["--repository", at("second"), "--key-out", at("second-key"), "--no-check-storage"]],
    ["repository init", ["--format-version", "1", "--no-check-storage", ...versionOne]],
    ["files backup", [at("data"), "--dry-run", ...repository]],
    ["files backup", [at("data"), "--host", "h", ...repository]],
    ["files backup", [at("data"), "--host", "h", "--time", "2026-01-01T00:00:00Z", ...repository]],
    ["files list", repository],
    ["files show", ["latest", ...repository]],
    ["files find", ["file", ...repository]],
    ["files diff", ["latest", "latest", ...repository]],
    ["files restore", ["latest", "--target", at("target"), "--dry-run", ...repository]],
    ["files restore", ["latest", "--target", at("target"), ...repository]],
    ["files rewrite", ["latest", "--add-tag", "x", ...repository]],
    ["repository stats", repository],
    ["repository check", ["--read-data", ...repository]],
    ["repository copy", [...from, ...second]],
    ["repository forget", ["--keep-last", "1", ...repository]],
    ["repository prune", repository],
    ["repository migrate", versionOne],
    ["repository adopt", ["--cluster", "here", ...repository]],
    ["repository access", repository],
    ["repository retention show", repository],
    ["repository retention set", ["none", ...repository]],
    ["repository retention extend", repository],
    ["repository unlock", repository],
    ["repository key add", ["--key-out", at("more"), ...second]],
    ["repository key list", second],
    ["repository key remove", ["KEY", ...second]],
    ["repository password", ["--new-password-file", at("own"), "--repository", at("second"), "--password-file", at("second-key")]],
    ["repository repair index", repository],
    ["repository repair packs", [unknownPack, ...repository]],
    ["repository repair snapshots", repository],
    ["repository repair access", ["--dry-run", ...repository]],
    ["repository repair undelete", repository],
    ["storage check", [at("storage")]],
    ["location init", ["--location", at("location"), "--key-out", at("location-key"), "--no-check-storage"]],
    ["point list", location],
    ["point show", ["shop", ...location]],
    ["point browse", ["shop", ...location]],
    ["point extract", ["shop", "configmap/a", ...location]],
    ["point diff", ["shop", "shop", ...location]],
    ["run list", location],
    ["run show", ["01M8J3GYGCV0", ...location]],
    ["transform test", [at("transforms"), "--object", at("object")]],
    ["blueprint list", []],
    ["blueprint show", ["redis"]],
    ["blueprint check", [BLUEPRINT]],
  ];
  const withResult = new Set(namesOf(createProgram())).difference(NO_RESULT).difference(NEEDS_CLUSTER);
  assert.deepEqual(withResult, new Set(calls.map(([name]) => name)));
  let addedKey = "";
  for (const [name, args] of calls) {
    const words = [...name.split(" "), ...args.map((word) => (word === "KEY" ? addedKey : word))];
    const progress = args.includes("--repository") || args.includes("--location") ? ["--progress", "json"] : [];
    const { exitCode, stdout, stderr } = await run(...words, ...progress, "-o", "json");
    const called = `holdfast ${words.join(" ")}: ${stderr}`;
    assert.ok([0, 5, 9].includes(exitCode), called);
    const results = jsonOf(stdout);
    assert.equal(results.length > 0, exitCode === 0, called);
    const kinds = jsonOf(stderr).map((line) => Object.keys(line as object).join(" "));
    for (const kind of kinds) assert.match(kind, /^(?:progress|finding|traffic|error)$/, called);
    assert.equal(kinds.filter((kind) => kind === "traffic").length, progress.length === 0 ? 0 : name === "repository copy" ? 2 : 1, called);
    if (name === "repository key add") addedKey = String((results[0] as { readonly id: unknown }).id);
  }
});

test("progress as JSON counts what is done, the last line of a stage all of it", async (t) => {
  const { folder, run } = await openCli(t, { HOLDFAST_REPOSITORY: "", HOLDFAST_PASSWORD: "" });
  const at = (name: string): string => join(folder, name);
  await writeFile(at("file"), noise(5_000_000, 2));
  const repository = ["--repository", at("repository"), "--password-file", at("key")];
  assert.equal(
    (await run("repository", "init", "--repository", at("repository"), "--key-out", at("key"), "--no-check-storage")).exitCode,
    0,
  );
  const lastLines = ({ stderr }: CommandResult): Readonly<Record<string, Readonly<Record<string, unknown>>>> =>
    Object.assign({}, ...jsonOf(stderr)) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const backup = lastLines(await run("files", "backup", at("file"), ...repository, "--progress", "json"));
  const { stage, doneBytes, doneItems } = backup["progress"] ?? {};
  assert.deepEqual([stage, doneBytes, doneItems], ["Backing up", 5_000_000, 1]);
  assert.ok(Number(backup["traffic"]?.["bytesSent"]) > 5_000_000);
  const restore = lastLines(await run("files", "restore", "latest", "-t", at("target"), ...repository, "--progress", "json"));
  assert.deepEqual([restore["progress"]?.["doneBytes"], restore["progress"]?.["totalBytes"]], [5_000_000, 5_000_000]);
  assert.ok(Number(restore["traffic"]?.["bytesReceived"]) > 5_000_000);
});
