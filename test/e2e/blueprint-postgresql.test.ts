import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { environment } from "../support/environment.ts";
import { claim, claimSpec, pod, podSpec, snapshot } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { freeze } from "../support/quiesce.ts";
import type { TestCluster } from "../support/test-cluster.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const DATA = "/var/lib/postgresql/data";
const ENV = { POSTGRES_PASSWORD: "only-for-this-test", POSTGRES_DB: "shop" };
const OTHER = "we'ird name";
/** Both tables, as two clients of a shop would write them. */
const WRITE = "begin; insert into orders default values; insert into lines select max(n) from orders; commit;";

interface Postgres {
  readonly cluster: TestCluster;
  readonly server: Parameters<typeof podSpec>[0];
  readonly sql: (podName: string, database: string, statement: string) => Promise<string>;
}

async function startPostgres(t: TestContext): Promise<Postgres> {
  const cluster = await environment(t).cluster();
  const sql = async (podName: string, database: string, statement: string): Promise<string> =>
    (await cluster.exec(podName, "env", `PGDATABASE=${database}`, "psql", "-qU", "postgres", "-Atc", statement)).trim();
  const readyWhen = ["psql", "-U", "postgres", "-c", "select 1"];
  const server = { image: await cluster.image("postgres"), env: ENV, mounts: { [DATA]: "data" }, readyWhen };
  await cluster.apply({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db" },
    spec: {
      serviceName: "db",
      selector: { matchLabels: { app: "db" } },
      template: { metadata: { labels: { app: "db" } }, spec: { ...podSpec(server), volumes: [] } },
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec({ size: "1Gi" }) }],
    },
  });
  await cluster.waitFor("statefulset/db", "jsonpath={.status.readyReplicas}=1");
  await sql("db-0", "postgres", `create database "${OTHER}"`);
  await sql("db-0", "postgres", 'create database "a=b"');
  for (const database of ["shop", OTHER]) {
    await sql(
      "db-0",
      database,
      "create table orders (n bigserial primary key, at timestamptz default now()); create table lines (n bigint)",
    );
  }
  return { cluster, server, sql };
}

/** Commits until it is told to stop, and then says how many transactions failed. */
function write({ cluster }: Postgres, database: string, perSecond: number): { readonly stop: () => Promise<string> } {
  const script = `echo "$1" > /tmp/write.sql; PGDATABASE=$2 exec pgbench -n -U postgres -c 4 -R ${perSecond} -T 600 -f /tmp/write.sql`;
  const done = cluster.exec("db-0", "sh", "-c", `(${script}) 2>&1 || true`, "sh", WRITE, database);
  return {
    async stop() {
      await cluster.exec(
        "db-0",
        "sh",
        "-c",
        "for p in /proc/[0-9]*; do read -r c <$p/comm && [ $c = pgbench ] && kill ${p#/proc/}; done; true",
      );
      return done;
    },
  };
}

const COUNT = "select count(*) || ' ' || coalesce(max(n), 0) || ' ' || (select count(*) from lines) from orders";

test(
  "PostgreSQL under 200 commits a second: a copy has exactly what was committed before the freeze, and replays nothing",
  { skip },
  async (t) => {
    const postgres = await startPostgres(t);
    const { cluster, server, sql } = postgres;
    const writers = [write(postgres, "shop", 150), write(postgres, OTHER, 50)];
    while (Number((await sql("db-0", OTHER, COUNT)).split(" ")[0]) < 50) t.signal.throwIfAborted();

    const quiesced = await freeze(t, cluster);
    assert.deepEqual([quiesced.pod, quiesced.claims], ["db-0", ["data-db-0"]]);
    const state = async (podName: string): Promise<readonly string[]> => [
      await sql(podName, "shop", COUNT),
      await sql(podName, OTHER, COUNT),
    ];
    const frozen = await state("db-0");
    const checkpoint = await sql("db-0", "shop", "select checkpoint_lsn from pg_control_checkpoint()");
    await cluster.apply(snapshot("moment", "data-db-0"));
    await cluster.waitFor("volumesnapshot/moment", "jsonpath={.status.creationTime}");
    assert.deepEqual(await state("db-0"), frozen, "nothing was committed while it was frozen");
    // Once in 15 s the server notes which transactions run: of none, as here, and by nobody's doing.
    const dump = `pg_waldump --path=$PGDATA/pg_wal --start=${checkpoint} 2>/dev/null || true`;
    const records = (await cluster.exec("db-0", "sh", "-c", dump)).trim().split("\n");
    assert.match(records[0] ?? "", /desc: CHECKPOINT_ONLINE/);
    for (const record of records.slice(1)) {
      assert.match(record, /desc: RUNNING_XACTS nextXid \d+ latestCompletedXid \d+ oldestRunningXid \d+$/);
    }
    const { result, heldMs, why } = await quiesced.release();
    assert.deepEqual([result, why], ["held", undefined]);
    t.diagnostic(`held for ${heldMs} ms`);

    while ((await sql("db-0", "shop", COUNT)) === frozen[0]) t.signal.throwIfAborted();
    for (const writer of writers) {
      const said = await writer.stop();
      assert.doesNotMatch(said, /ERROR|FATAL|aborted/, said);
    }
    await cluster.waitFor("volumesnapshot/moment", "jsonpath={.status.readyToUse}=true");
    await cluster.apply(claim("restored", { size: "1Gi", snapshot: "moment" }), pod("copy", { ...server, mounts: { [DATA]: "restored" } }));
    await cluster.waitFor("pod/copy", "condition=Ready");
    assert.deepEqual(await state("copy"), frozen);
    const log = await cluster.kubectl("logs", "copy");
    const [, done] = /redo done at (\S+)/.exec(log) ?? [];
    if (done === undefined) assert.match(log, /redo is not required/);
    else
      assert.ok(
        records.some((record) => record.includes(`lsn: ${padded(done)},`)),
        `${records.join("\n")}\n${log}`,
      );
  },
);

/** As pg_waldump writes it: `0/022214A0`. */
function padded(lsn: string): string {
  const [high = "", low = ""] = lsn.split("/");
  return `${high}/${low.padStart(8, "0")}`;
}
