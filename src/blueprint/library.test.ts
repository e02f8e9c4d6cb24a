import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readLibrary } from "./library.ts";

const OWN = `apiVersion: holdfast.dev/v1alpha1
kind: Blueprint
metadata: { name: redis }
spec: { description: ours, tested: Redis 5, match: { images: [redis] } }
`;

test("The library has a blueprint for each of these, and says which of them were tried", async (t) => {
  const library = await readLibrary([], t.signal);
  assert.deepEqual(Object.fromEntries(library.map(({ name, tested }) => [name, tested])), {
    cassandra: undefined,
    db2: undefined,
    elasticsearch: undefined,
    etcd: undefined,
    kafka: undefined,
    mariadb: "MariaDB 10.11",
    mongodb: undefined,
    mysql: undefined,
    postgresql: "PostgreSQL 15",
    redis: "Redis 7.0",
  });
});

test("Every script of the library is one for a plain shell", async (t) => {
  for (const blueprint of await readLibrary([], t.signal)) {
    const { replica, preflight, quiesce, dump, load, check } = blueprint;
    for (const command of [replica, preflight, quiesce, dump, load, check]) {
      const [program, , script] = command?.command ?? [];
      if (program !== "sh") continue;
      const { status, stderr } = spawnSync("sh", ["-n", "-c", script ?? ""], { encoding: "utf8" });
      assert.equal(status, 0, `${blueprint.name}: ${stderr}`);
    }
  }
});

test("A user's own blueprint comes first and replaces one of the same name", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-test-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "a.yaml"), OWN);
  await writeFile(join(folder, "notes.txt"), "not one");
  const library = await readLibrary([folder], t.signal);
  assert.deepEqual(
    library.filter(({ name }) => name === "redis").map(({ description }) => description),
    ["ours"],
  );
  assert.equal(library[0]?.description, "ours");
  assert.deepEqual(await readLibrary([join(folder, "a.yaml")], t.signal), library);

  await writeFile(join(folder, "b.yml"), OWN);
  await assert.rejects(readLibrary([folder], t.signal), {
    code: "blueprint_file",
    message: /b\.yml": ".*a\.yaml" has the name "redis", too$/,
  });
  await assert.rejects(readLibrary([join(folder, "none")], t.signal), { code: "blueprint_file", message: /none": there is no such file$/ });
  await rm(join(folder, "a.yaml"));
  await rm(join(folder, "b.yml"));
  await assert.rejects(readLibrary([folder], t.signal), { message: /no file in this folder ends in \.yaml or \.yml$/ });
});
