import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { DomainError } from "../base/errors.ts";
import { addRepositoryOptions, readStorageOptions, type RepositoryOptions } from "./repository-options.ts";

function read(args: readonly string[], environment: Record<string, string> = {}): RepositoryOptions {
  const command = addRepositoryOptions(new Command("x"))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return readStorageOptions(command.parse(args, { from: "user" }), { environment }, "repository");
}

function refusal(code: string): (error: unknown) => boolean {
  return (error) => error instanceof DomainError && error.kind === "usage" && error.code === code;
}

test("readStorageOptions() has defaults for all but the repository", () => {
  assert.deepEqual(read(["--repository", "/a"], { XDG_CACHE_HOME: "/cache", HOLDFAST_REPOSITORY: "/b" }), {
    url: "/a",
    passwordFile: undefined,
    cacheDir: "/cache/holdfast/repositories",
    retryLockMs: 0,
    progress: "auto",
  });
});

test("readStorageOptions() reads all options, and the repository from the environment", () => {
  const args = ["--password-file", "p", "--cache-dir", "/c", "--retry-lock", "1m30s", "--progress", "json"];
  assert.deepEqual(read(args, { HOLDFAST_REPOSITORY: "s3://bucket" }), {
    url: "s3://bucket",
    passwordFile: "p",
    cacheDir: "/c",
    retryLockMs: 90_000,
    progress: "json",
  });
  assert.equal(read(["--repository", "/a", "--no-cache"]).cacheDir, undefined);
});

test("readStorageOptions() refuses no repository, and a duration that is none", () => {
  assert.throws(() => read([]), refusal("repository_missing"));
  assert.throws(() => read([], { HOLDFAST_REPOSITORY: "" }), refusal("repository_missing"));
  assert.throws(() => read(["--repository", "/a", "--retry-lock", "soon"]), refusal("duration"));
  assert.throws(() => read(["--repository", "/a", "--progress", "loud"]), { code: "commander.invalidArgument" });
});
