/** `holdfast restore --swap` as a person uses it, on a database that is in use. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { PROGRAM } from "../support/cli.ts";
import { succeeded } from "../support/location.ts";
import { claim, podSpec } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { volumeWorld } from "../support/volume-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;
/** Header, the new volume kept and reserved, the old one kept, claims retained, pods stopped, the exchange. */
const EXCHANGE_NOTED = 7;
const DATA = "/var/lib/postgresql/data";

interface Swapped {
  readonly run: string;
  readonly downtimeMs: number;
  readonly claims: readonly { readonly name: string; readonly volume: string; readonly setAside: string }[];
}

function database(image: string): object {
  const labels = { app: "db" };
  const { volumes: _volumes, ...spec } = podSpec({
    image,
    env: { PGDATA: `${DATA}/pgdata`, POSTGRES_PASSWORD: "secret" },
    mounts: { [DATA]: "data" },
    readyWhen: ["pg_isready", "-q", "-h", "127.0.0.1", "-U", "postgres"],
  }) as Readonly<Record<string, unknown>>;
  const { apiVersion: _version, kind: _kind, ...template } = claim("data", { size: "512Mi" }) as Readonly<Record<string, unknown>>;
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db" },
    spec: {
      replicas: 1,
      serviceName: "db",
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...spec, terminationGracePeriodSeconds: 30 } },
      volumeClaimTemplates: [template],
      persistentVolumeClaimRetentionPolicy: { whenScaled: "Delete", whenDeleted: "Delete" },
    },
  };
}

test("a database in use comes back to its restore point, and to what it was by undo", { skip }, async (t) => {
  const world = await volumeWorld(t);
  const { cluster, cli, namespace } = world;
  await cluster.apply(database(await cluster.image("postgres")));
  await cluster.kubectl("rollout", "status", "statefulset/db", "--timeout=120s");
  const sql = async (text: string): Promise<string> => (await cluster.exec("db-0", "psql", "-qAtU", "postgres", "-c", text)).trim();
  await sql("create table orders (id int); insert into orders select generate_series(1, 1000)");
  succeeded(await cli.run("backup", namespace));
  await sql("delete from orders where id > 10");

  const plan = succeeded(await cli.run("restore", namespace, "--swap", "--dry-run"));
  assert.match(plan.stdout, /data-db-0 .* repository\n[^]*then stop StatefulSet\/db and exchange them/);
  const done = succeeded(await cli.run("restore", namespace, "--swap", "-o", "json")).json() as Swapped;
  t.diagnostic(`downtime ${done.downtimeMs} ms`);
  assert.equal(await sql("select count(*) from orders"), "1000");
  await sql("insert into orders values (1001)");

  const undone = succeeded(await cli.run("run", "undo", done.run));
  assert.match(undone.stdout, new RegExp(`What was written since run ${done.run} is kept in what is set aside: ${done.claims[0]?.volume}`));
  assert.equal(await sql("select count(*) from orders"), "10");
  assert.match(succeeded(await cli.run("run", "undo", done.run)).stdout, /is undone already/);

  const lastRun = async (): Promise<string> =>
    (succeeded(await cli.run("run", "list", namespace, "-o", "json")).json() as { runs: readonly { id: string }[] }).runs.at(-1)?.id ?? "";
  succeeded(await cli.run("run", "undo", await lastRun()));
  assert.equal(await sql("select count(*) from orders"), "1001");
  const shown = succeeded(await cli.run("run", "show", done.run)).stdout;
  assert.match(shown, /stop StatefulSet .+\/db: spec.replicas was 1\n.*exchange the volume of claim .+\/data-db-0/);
  for (const secret of ["secret", world.location.keyFile]) assert.ok(!shown.includes(secret));

  const last = await lastRun();
  assert.equal((await cli.run("run", "release", last)).exitCode, 2);
  const released = succeeded(await cli.run("run", "release", last, "--yes")).stdout;
  assert.match(released, new RegExp(`${done.claims[0]?.setAside}.*\n.*Deleted 1 volume`));
  assert.equal(await cluster.kubectl("get", "pv", done.claims[0]?.setAside ?? "", "--ignore-not-found"), "");
  assert.equal(await sql("select count(*) from orders"), "1001");
  const kinds = (await world.cli.run("run", "list", namespace, "-o", "json")).json() as {
    runs: readonly { kind: string; outcome: string }[];
  };
  assert.deepEqual(
    kinds.runs.map(({ kind, outcome }) => [kind, outcome]),
    ["backup", "swap", "undo", "undo", "release"].map((kind) => [kind, "succeeded"]),
  );
});

test(
  "a command that is killed in mid-exchange leaves the database to holdfast gc, which brings the old volume back",
  { skip },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, cli, namespace, location, variables } = world;
    await cluster.apply(database(await cluster.image("postgres")));
    await cluster.kubectl("rollout", "status", "statefulset/db", "--timeout=120s");
    const volume = await cluster.field("pvc/data-db-0", ".spec.volumeName");
    succeeded(await cli.run("backup", namespace));
    const records = async (): Promise<number> =>
      (await Array.fromAsync(glob(join(location.url, "holdfast-location/runs/**/[0-9][0-9][0-9]")))).length;
    const earlier = await records();
    const env = { PATH: process.env["PATH"] ?? "", HOME: cli.folder, ...variables };
    const child = spawn(PROGRAM, ["restore", namespace, "--swap"], { env, stdio: "ignore" });
    const ended = once(child, "exit");
    // Pods are stopped once the exchange is noted.
    while ((await records()) - earlier < EXCHANGE_NOTED && child.exitCode === null) await systemClock.sleep(20, t.signal);
    await systemClock.sleep(300, t.signal);
    child.kill("SIGKILL");
    await ended;
    assert.match(succeeded(await cli.run("run", "list", namespace)).stdout, /open: works still, or was killed/);
    assert.match(succeeded(await cli.run("gc", "--dry-run")).stdout, /was killed in mid-exchange: would be brought to its end/);
    const swaps = (succeeded(await cli.run("gc", "-o", "json")).json() as { swaps: readonly { outcome: string; missing: unknown[] }[] })
      .swaps;
    assert.deepEqual(
      swaps.map(({ outcome, missing }) => [outcome, missing]),
      [["rolled-back", []]],
    );
    await cluster.kubectl("rollout", "status", "statefulset/db", "--timeout=60s");
    assert.equal(await cluster.field("pvc/data-db-0", ".spec.volumeName"), volume);
    assert.deepEqual((succeeded(await cli.run("gc", "-o", "json")).json() as { swaps: readonly unknown[] }).swaps, []);
  },
);
