import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import packageJson from "../../package.json" with { type: "json" };
import { environment } from "../support/environment.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { runProgram } from "../support/program.ts";

const FIXTURE = join(import.meta.dirname, "../fixtures/fails-with-everything.ts");

test("environment() cleans up after a test that fails", { skip: SKIP_WITHOUT_CLUSTER }, async (t) => {
  const cluster = await environment(t).cluster();
  const { NODE_TEST_CONTEXT: _, ...outer } = process.env;
  const env = { ...outer, HOLDFAST_TEST_CLUSTER: cluster.name } as Record<string, string>;
  const run = await runProgram(process.execPath, ["--test", FIXTURE], { env, signal: t.signal });
  assert.equal(run.exitCode, 1, run.stdout);
  assert.match(run.stdout, /on purpose/);
  const line = /^\{.*\}$/m.exec(run.stdout)?.[0] ?? "";
  const left = JSON.parse(line) as { readonly namespace: string; readonly endpoint: string; readonly folder: string };
  await assert.rejects(access(left.folder), /ENOENT/);
  await assert.rejects(fetch(left.endpoint), /fetch failed/);
  await cluster.kubectl("wait", `namespace/${left.namespace}`, "--for=delete", "--timeout=60s");
});

test("environment() runs holdfast and gives its exit code and its output", async (t) => {
  const { holdfast } = environment(t);
  const version = await holdfast("--version");
  assert.deepEqual([version.exitCode, version.stdout], [0, `${packageJson.version}\n`]);
  const mistake = await holdfast("-o", "json", "nothing");
  assert.deepEqual([mistake.exitCode, mistake.stdout], [2, ""]);
});
