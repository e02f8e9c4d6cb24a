import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { cached, keyOf, keyOfFiles } from "./cache.ts";

async function useCache(t: TestContext): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), "holdfast-cache-"));
  const before = process.env["HOLDFAST_CACHE"];
  process.env["HOLDFAST_CACHE"] = folder.path;
  t.after(async () => {
    if (before === undefined) delete process.env["HOLDFAST_CACHE"];
    else process.env["HOLDFAST_CACHE"] = before;
    await folder.remove();
  });
  return folder.path;
}

/** Another process that builds the same artifact, and takes its time; it writes its own id into the result. */
function startBuilder(key: string): {
  readonly pid: number;
  readonly closed: Promise<unknown>;
  kill(): void;
  readonly said: Promise<unknown>;
} {
  const script = `
    const { cached } = await import(${JSON.stringify(join(import.meta.dirname, "cache.ts"))});
    const { writeFile } = await import("node:fs/promises");
    await cached({ name: "thing", key: ${JSON.stringify(key)}, build: async (folder) => {
      await writeFile(folder + "/by", String(process.pid));
      console.log("building");
      await new Promise((done) => setTimeout(done, 300));
    } });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "ignore"] });
  return { pid: child.pid ?? 0, closed: once(child, "close"), kill: () => child.kill("SIGKILL"), said: once(child.stdout, "data") };
}

test("cached() builds once when several processes ask at the same time", async (t) => {
  const root = await useCache(t);
  const builders = [startBuilder("k"), startBuilder("k"), startBuilder("k")];
  const first = await Promise.race(builders.map(async ({ said, pid }) => said.then(() => pid)));
  await Promise.all(builders.map(({ closed }) => closed));
  assert.equal(await readFile(join(root, "thing", "k", "by"), "utf8"), String(first));
});

test("cached() starts anew after a builder was killed half way", async (t) => {
  const root = await useCache(t);
  const builder = startBuilder("k");
  await builder.said;
  builder.kill();
  await builder.closed;
  const folder = await cached({ name: "thing", key: "k", build: async (to) => writeFile(join(to, "whole"), "") });
  assert.deepEqual(await readdir(folder), ["whole"]);
  assert.deepEqual((await readdir(join(root, "thing"))).toSorted(), ["k", "lock"]);
});

test("cached() keeps nothing of a build that failed", async (t) => {
  await useCache(t);
  const failing = cached({ name: "thing", key: "k", build: async () => Promise.reject(new Error("no compiler")) });
  await assert.rejects(failing, /no compiler/);
  let built = false;
  await cached({ name: "thing", key: "k", build: async () => void (built = true) });
  assert.ok(built);
});

test("cached() removes what nobody has used for two weeks when it builds the next", async (t) => {
  const root = await useCache(t);
  const build = async (): Promise<void> => undefined;
  await cached({ name: "thing", key: "old", build });
  await cached({ name: "thing", key: "used", build });
  const threeWeeksAgo = new Date(Date.now() - 21 * 86_400_000);
  for (const key of ["old", "used"]) await utimes(join(root, "thing", key), threeWeeksAgo, threeWeeksAgo);
  await cached({ name: "thing", key: "used", build });
  await cached({ name: "thing", key: "new", build });
  assert.deepEqual((await readdir(join(root, "thing"))).toSorted(), ["lock", "new", "used"]);
});

test("keyOf() tells apart where one part ends and the next begins", () => {
  assert.notEqual(keyOf("ab", "c"), keyOf("a", "bc"));
});

test("keyOfFiles() changes with a name, a content and nothing else", async (t) => {
  const [one, two] = [await useCache(t), await useCache(t)];
  for (const folder of [one, two]) await writeFile(join(folder, "a.go"), "package a");
  assert.equal(await keyOfFiles(one), await keyOfFiles(two));
  await writeFile(join(two, "a.go"), "package b");
  assert.notEqual(await keyOfFiles(one), await keyOfFiles(two));
});
