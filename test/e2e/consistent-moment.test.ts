/** A database and what lies beside it on another volume come back as of one moment. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { claim, claimSpec, podSpec } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { backUpVolumes, consistencies } from "../support/volume-backups.ts";
import { restoredVolumes, volumeWorld } from "../support/volume-world.ts";

const DATA = "/var/lib/postgresql/data";
const ENV = { POSTGRES_PASSWORD: "only-for-this-test" };
const MAX = "select coalesce(max(n), 0) from written";
/** Writes each number into a file, and then into the database. Says first what it found in both. */
const WRITE = `
export PGHOST=db PGUSER=postgres
until psql -qc 'create table if not exists written (n int primary key)'; do sleep 0.2; done
n=$(cat /journal/n 2>/dev/null || echo 0)
echo "found $n and $(psql -Atc '${MAX}')"
while true; do
  n=$((n+1))
  echo $n >/journal/new && sync /journal/new && mv /journal/new /journal/n && sync /journal
  psql -qc "insert into written values ($n)" || echo "refused $n"
done`;

test(
  "PostgreSQL and a file on another volume agree after a restore, though both were written to all the time",
  { skip: SKIP_WITHOUT_CLUSTER },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, namespace, holdfast } = world;
    const image = await cluster.image("postgres");
    const server = { image, env: ENV, mounts: { [DATA]: "data" }, readyWhen: ["psql", "-U", "postgres", "-c", "select 1"] };
    const writer = { image, env: { PGPASSWORD: ENV.POSTGRES_PASSWORD }, command: ["sh", "-c", WRITE], mounts: { "/journal": "journal" } };
    const selector = (app: string): object => ({ matchLabels: { app } });
    const template = (app: string, spec: object): object => ({ metadata: { labels: { app } }, spec });
    await cluster.apply(
      claim("journal", { size: "64Mi" }),
      { apiVersion: "v1", kind: "Service", metadata: { name: "db" }, spec: { clusterIP: "None", selector: { app: "db" } } },
      {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { name: "db" },
        spec: {
          serviceName: "db",
          selector: selector("db"),
          template: template("db", { ...podSpec(server), volumes: [] }),
          volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec({ size: "1Gi" }) }],
        },
      },
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "writer", annotations: { "holdfast.dev/blueprint": "none" } },
        spec: { strategy: { type: "Recreate" }, selector: selector("writer"), template: template("writer", podSpec(writer)) },
      },
    );
    await cluster.waitFor("statefulset/db", "jsonpath={.status.readyReplicas}=1");
    const written = async (): Promise<number> =>
      Number(await cluster.exec("db-0", "sh", "-c", `psql -U postgres -Atc '${MAX}' 2>/dev/null || echo 0`));
    while ((await written()) < 20) t.signal.throwIfAborted();
    const before = await written();
    const done = await backUpVolumes({ ...world, holdfastNamespace: holdfast });
    assert.deepEqual(consistencies(done), { "data-db-0": "application", journal: "group" });
    while ((await written()) < before + 5) t.signal.throwIfAborted();
    assert.doesNotMatch(await cluster.kubectl("logs", "deployment/writer"), /refused/, "the writer only waited");

    const copy = world.other("copy");
    const report = await restoredVolumes(world, namespace, "--to-namespace", copy);
    assert.deepEqual([report.failed, report.notReady, report.notFilled], [0, 0, 0], JSON.stringify(report.findings));
    const found = async (): Promise<RegExpExecArray | null> =>
      /found (\d+) and (\d+)/.exec(await cluster.kubectl("logs", "deployment/writer", `--namespace=${copy}`));
    let at = await found();
    while (at === null) at = await found();
    const [file, database] = [Number(at[1]), Number(at[2])];
    assert.ok(file === database || file === database + 1, `${file} in the file and ${database} in the database`);
    assert.ok(database >= before, `${database} in the database, where ${before} had been committed before`);
  },
);
