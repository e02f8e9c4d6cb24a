import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../dev/host/run.ts";
import { environment } from "../support/environment.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { devCluster, leftovers, ownClusterName } from "../support/own-cluster.ts";
import { type CommandResult, runProgram } from "../support/program.ts";

const options = { skip: SKIP_WITHOUT_CLUSTER };
const UP = join(import.meta.dirname, "../../dev/cluster/up");

/** One sentence that names the cause, a hint that says what to do, and the exit code of the table. */
function assertRefused(result: CommandResult, exitCode: number, sentence: RegExp): void {
  assert.match(result.stderr, sentence);
  assert.equal(result.exitCode, exitCode, result.stderr);
  assert.equal(result.stdout, "");
  assert.doesNotMatch(result.stderr, /^\s+at /m, "a stack is for bugs");
}

test("up refuses names, versions and numbers that it cannot use", options, async () => {
  assertRefused(await devCluster("up", ["--name", "Not_Good"]), 2, /^Cannot use "Not_Good" as the name of a cluster: it must be/);
  assertRefused(await devCluster("up", ["--version", "1.12"]), 2, /^Cannot start Kubernetes "1.12": known versions are 1.36 and 1.33/);
  assertRefused(await devCluster("up", ["--nodes", "9"]), 2, /^Cannot start "9" nodes: the number must be 1 to 3/);
  assertRefused(await devCluster("up", ["--nam", "a"]), 2, /^Unknown option "--nam"\n.*Did you mean "--name"/);
});

test("down and load name the clusters that there are when they are asked for another", options, async () => {
  assertRefused(await devCluster("down", ["--name", "nobody"]), 5, /^Cannot end cluster "nobody": there is none of that name\n\s+hint: /);
  assertRefused(
    await devCluster("load", ["--name", "nobody", "shell"]),
    5,
    /^Cannot load images into cluster "nobody": it has no running node\n\s+hint: /,
  );
});

test("up without root says so", options, async (t) => {
  const name = ownClusterName(t);
  const result = await runProgram("unshare", ["--user", "--map-user=1000", "--map-group=1000", UP, "--name", name]);
  assertRefused(result, 4, /^Cannot start a cluster: namespaces and mounts need root\n\s+hint: Run the command as root on Linux/);
  assert.deepEqual(await leftovers(name), []);
});

test("up without Go says so", options, async (t) => {
  const name = ownClusterName(t);
  const folder = await environment(t).temporaryFolder();
  const bin = join(folder, "bin");
  await mkdir(bin);
  for (const tool of ["sh", "dirname", "readlink", "flock", "ip", "dpkg-query"]) {
    await symlink((await run("sh", ["-c", `command -v ${tool}`])).stdout.trim(), join(bin, tool));
  }
  const result = await runProgram(UP, ["--name", name], { env: { PATH: bin, HOLDFAST_CACHE: folder } });
  assertRefused(result, 9, /^Cannot build: Go is not installed\n[^]*hint: Install Go/);
  assert.deepEqual(await leftovers(name), []);
});

for (const variable of ["HOLDFAST_CACHE", "HOLDFAST_DEV_STATE"]) {
  test(`up on a full disk below ${variable} says how much it needs, and leaves nothing`, options, async (t) => {
    const name = ownClusterName(t);
    const folder = await environment(t).temporaryFolder();
    const script = `mount -t tmpfs -o size=1m small "$1" && exec env ${variable}="$1" "$2" --name "$3"`;
    const result = await runProgram("unshare", ["--mount", "sh", "-c", script, "sh", folder, UP, name]);
    assertRefused(
      result,
      7,
      new RegExp(`Cannot (build|create) .*: \\d+ KiB are free in "${folder}.*", \\d\\.0 GiB are needed\\n\\s+hint: .*${variable}`),
    );
    assert.deepEqual(await leftovers(name), []);
  });
}

test("up does not care who listens on the ports of Kubernetes", options, async (t) => {
  const name = ownClusterName(t);
  const server = createServer().listen(6443);
  t.after(() => server.close());
  const up = await devCluster("up", ["--name", name, "--control-plane-only"], t.signal);
  assert.equal(up.exitCode, 0, up.stderr);
});

test("up refuses to change a cluster, and removes one whose owner has ended", options, async (t) => {
  const name = ownClusterName(t);
  const gone = ownClusterName(t);
  const owned = await runProgram("sh", ["-c", `"$1" --name ${gone} --control-plane-only --owner $$`, "sh", UP]);
  assert.equal(owned.exitCode, 0, owned.stderr);
  const up = await devCluster("up", ["--name", name, "--control-plane-only"], t.signal);
  assert.match(up.stderr, new RegExp(`^Removing cluster ${gone}, whose owner, process \\d+, has ended`));
  assert.deepEqual(await leftovers(gone), []);

  const other = await devCluster("up", ["--name", name, "--nodes", "2"], t.signal);
  assertRefused(
    other,
    6,
    new RegExp(`^Cannot change cluster "${name}" to Kubernetes 1.36, 2 nodes: it has Kubernetes 1.36, control plane only`),
  );
});
