/** The command line as a process: what a signal leaves behind, and what the programs get to see that it starts. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { bucketLocation, type Cli, openCli, PROGRAM } from "../support/cli.ts";
import { environment } from "../support/environment.ts";

async function initIn(t: TestContext): Promise<Cli & { readonly repository: string; readonly args: readonly string[] }> {
  const cli = await openCli(t);
  const [repository, key] = [join(cli.folder, "repository"), join(cli.folder, "key")];
  const { exitCode, stderr } = await cli.run("repository", "init", "--repository", repository, "--key-out", key, "--no-check-storage");
  assert.equal(exitCode, 0, stderr);
  return { ...cli, repository, args: ["--repository", repository, "--password-file", key] };
}

/** None where there is no folder. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`a backup that gets ${signal} ends with 130, gives back its lock and makes no snapshot`, async (t) => {
    const { repository, args, run, folder } = await initIn(t);
    // Its input never ends.
    const words = ["files", "backup", "--stdin-name", "endless", "--progress", "json", ...args];
    const child = spawn(PROGRAM, words, { env: { PATH: process.env["PATH"] ?? "", HOME: folder }, stdio: ["pipe", "pipe", "pipe"] });
    t.after(() => child.kill("SIGKILL"));
    const lines: string[] = [];
    const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
    for await (const line of createInterface(child.stderr)) {
      if (line.startsWith('{"progress"') && !child.killed) {
        assert.equal((await filesIn(join(repository, "locks"))).length, 1);
        child.kill(signal);
      }
      lines.push(line);
    }
    assert.equal(await closed, 130);
    assert.equal(
      lines.findLast((line) => !line.startsWith("{")),
      `Cancelled by ${signal}`,
    );
    for (const type of ["locks", "snapshots", ".unfinished"]) assert.deepEqual(await filesIn(join(repository, type)), [], type);
    const check = await run("repository", "check", "--read-data", ...args);
    assert.equal(check.exitCode, 0, check.stderr);
  });
}

test("a dry run of a backup says what it would store, and leaves the repository as it was", async (t) => {
  const { repository, args, run, folder } = await initIn(t);
  const file = join(folder, "file");
  await writeFile(file, "first");
  assert.equal((await run("files", "backup", file, ...args)).exitCode, 0);
  await writeFile(file, "second, longer");
  const before = await filesIn(repository);
  const dry = await run("files", "backup", file, "--dry-run", ...args);
  assert.deepEqual([dry.exitCode, dry.stderr], [0, ""]);
  assert.match(dry.stdout, /^Would save a snapshot, compared with [0-9a-f]{8}\nFiles {4}0 new, 1 changed, 0 unmodified\n/);
  assert.match(dry.stdout, /^To store [^]*, 0 B sent, /m);
  assert.deepEqual(await filesIn(repository), before);
  type Summary = Readonly<Record<string, unknown>>;
  const both = async (content: string): Promise<readonly [Summary, Summary]> => {
    await writeFile(file, content);
    const above = await timesAbove(folder);
    const ahead = (await run("files", "backup", file, "--dry-run", "-o", "json", ...args)).json() as Summary;
    const after = (await run("files", "backup", file, "-o", "json", ...args)).json() as Summary;
    // The folders above stand in the snapshot with their times, and others may have made something in them meanwhile.
    return above === (await timesAbove(folder)) ? [ahead, after] : both(`${content}.`);
  };
  const [asJson, real] = await both("third, longer still");
  for (const field of ["tree", "parent", "filesChanged", "bytesAdded", "bytesStored"]) assert.equal(asJson[field], real[field], field);
  assert.deepEqual([asJson["dryRun"], asJson["snapshot"]], [true, undefined]);
});

async function timesAbove(folder: string): Promise<string> {
  const { mtimeNs, ctimeNs } = await stat(folder, { bigint: true });
  const times = `${mtimeNs} ${ctimeNs}`;
  return folder === dirname(folder) ? times : `${times} ${await timesAbove(dirname(folder))}`;
}

test("a program that the command line starts gets no password", async (t) => {
  const { server, name } = await environment(t).bucket();
  const { folder, run } = await openCli(t);
  const [credentials, seen, config] = [join(folder, "credentials"), join(folder, "seen"), join(folder, "config")];
  const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = server;
  await writeFile(credentials, `#!/bin/sh\nenv > '${seen}'\necho '${JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey })}'\n`, {
    mode: 0o700,
  });
  await writeFile(config, `[default]\ncredential_process = ${credentials}\n`);
  const { url } = bucketLocation({ server, name });
  const password = "correct horse battery staple";
  const { run: runWithPassword } = await openCli(t, { AWS_CONFIG_FILE: config, HOLDFAST_PASSWORD: password, MARK: "seen" });
  const { exitCode, stderr } = await runWithPassword("repository", "init", "--repository", url, "--no-check-storage");
  assert.equal(exitCode, 0, stderr);
  const environmentOfProgram = await readFile(seen, "utf8");
  assert.match(environmentOfProgram, /^MARK=seen$/m);
  assert.doesNotMatch(environmentOfProgram, /HOLDFAST_PASSWORD|correct horse/);
  assert.notEqual((await run("files", "list", "--repository", url)).exitCode, 0);
});
